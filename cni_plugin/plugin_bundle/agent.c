/* A call through the node's agent, without the interpreter. Included by launcher.c.
 *
 * Serves the usual call alone: settings that the node daemon wrote, variables of plain text, a
 * configuration without log_file, an agent that answers. For everything else it returns, and
 * rowhouse_cni serves the call. So there is one place for the rules, the messages and the direct
 * way: rowhouse_cni/agent.py and plugin.py, which do the same. tests/cni_plugin/launcher/
 * compares the two.
 */

#define DEFAULT_SETTINGS "/etc/cni/net.d/rowhouse.d/rowhouse.conf"
#define WRITTEN_BY_THE_DAEMON "# Written by rowhouse-node"
#define HUNG ".hung"
#define NOTE "rowhouse: DEL is kept for later: "

enum {
    MAX_SETTINGS = 8192,
    MAX_PATH_OF_SETTINGS = 1024,
    MAX_SOCKET = 100,             /* of the 107 bytes of sun_path: HUNG is appended */
    MAX_VALUE = 4096,             /* of a variable */
    MAX_ID = 512,
    MAX_INTERFACE = 15,
    MAX_NETCONF = 64 * 1024,
    MAX_REQUEST = 8 * MAX_VALUE + 2 * MAX_SETTINGS + MAX_NETCONF,
    MAX_ANSWER = 256 * 1024,
    MAX_HANDED_ON = 3 * 512 * 1024, /* of an input too large for any server */
    MAX_TIMEOUT = 600,            /* seconds */
    CLOCK_MONOTONIC = 1, AF_UNIX = 1, SOCK_STREAM = 1, SOL_SOCKET = 1, SO_PEERCRED = 17, SOCK_NONBLOCK = 04000,
    O_NONBLOCK = 04000, O_CLOEXEC = 02000000, SOCK_CLOEXEC = 02000000, MFD_CLOEXEC = 1,
    POLLIN = 1, SIGPIPE = 13, EAGAIN = 11, F_OK = 0,
    SUCCESS = 200, KEPT = 202, SERVER_ERROR = 500
};

static const long SECOND = 1000000000;    /* in nanoseconds, as all times here */
static const long MAX_SILENCE = 1000000000; /* or half of the time, if that is less */

enum served { NOT_TRIED, TRIED };         /* whether rowhouse_cni should ask the agent again */

static char settings[MAX_SETTINGS + 1], request[MAX_REQUEST], answer[MAX_ANSWER], netconf[MAX_NETCONF + 1];
static long request_size;
static int is_too_long;                   /* the request: it is never sent then */
static long begun;                        /* when the call began */
static const char *agent, *node, *cluster;
static long timeout;

static long now(void)
{
    long time[2];
    call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)time, 0, 0);
    return time[0] * SECOND + time[1];
}

static int is_same(const char *one, const char *other)
{
    return begins(one, other) && length(one) == length(other);
}

static int is_within(char c, const char *set)
{
    while (*set)
        if (c == *set++)
            return 1;
    return 0;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_alphanumeric(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int is_plain(const char *text, long most)
{
    long n = 0;
    for (; text[n]; n++)
        if (n == most || text[n] < ' ' || text[n] > '~')
            return 0;
    return 1;
}

/* The place of "part", in lower case, in text of this size; -1 if it is not there. */
static long find(const char *text, long size, const char *part)
{
    long n = length(part), at, i;
    for (at = 0; at + n <= size; at++) {
        for (i = 0; i < n; i++) {
            char c = text[at + i];
            if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != part[i])
                break;
        }
        if (i == n)
            return at;
    }
    return -1;
}

static void put_bytes(const char *bytes, long size)
{
    long i;
    if (size > MAX_REQUEST - request_size) {
        is_too_long = 1;
        return;
    }
    for (i = 0; i < size; i++)
        request[request_size + i] = bytes[i];
    request_size += size;
}

static void put(const char *text)
{
    put_bytes(text, length(text));
}

/* At least so many digits, most significant first. Returns their number. */
static long digits(char *target, unsigned long value, unsigned long base, long least)
{
    char reversed[24];
    long n = 0, i;
    while (value || n < least) {
        reversed[n++] = "0123456789abcdef"[value % base];
        value /= base;
    }
    for (i = 0; i < n; i++)
        target[i] = reversed[n - 1 - i];
    target[n] = 0;
    return n;
}

/* Seconds with six decimals. */
static void seconds(char *target, long time)
{
    long n = digits(target, (unsigned long)(time / SECOND), 10, 1);
    target[n++] = '.';
    digits(target + n, (unsigned long)(time % SECOND / 1000), 10, 6);
}

static const char *variable(char **environment, const char *name_and_equals)
{
    for (; *environment; environment++)
        if (begins(*environment, name_and_equals))
            return *environment + length(name_and_equals);
    return "";
}

/* "10" or "0.5" in nanoseconds; 0 if it is something else. */
static long time_of(const char *text)
{
    long whole = 0, part = 0, scale = SECOND;
    for (; is_digit(*text) && whole <= MAX_TIMEOUT; text++)
        whole = whole * 10 + (*text - '0');
    if (*text == '.')
        for (text++; is_digit(*text) && scale > 1; text++) {
            scale /= 10;
            part += scale * (*text - '0');
        }
    return *text || whole * SECOND + part > MAX_TIMEOUT * SECOND ? 0 : whole * SECOND + part;
}

/* Takes "key = value" lines apart as the daemon writes them. */
static int parse_settings(void)
{
    char *line = settings, *value, *end;
    if (!begins(settings, WRITTEN_BY_THE_DAEMON))
        return 0;
    agent = node = cluster = "";
    timeout = 10 * SECOND;
    for (; *line; line = end + 1) {
        for (end = line; *end && *end != '\n'; end++)
            ;
        if (!*end)
            return 0;
        *end = 0;
        if (!is_plain(line, MAX_SETTINGS))
            return 0;
        if (line == settings)
            continue; /* the comment */
        for (value = line; (*value >= 'a' && *value <= 'z') || *value == '_'; value++)
            ;
        if (value == line || !begins(value, " = ") || !value[3] || value[3] == ' ' || end[-1] == ' '
            || is_within('#', line))
            return 0;
        *value = 0;
        value += 3;
        if (is_same(line, "agent"))
            agent = value;
        else if (is_same(line, "node"))
            node = value;
        else if (is_same(line, "cluster"))
            cluster = value;
        else if (is_same(line, "timeout"))
            timeout = time_of(value);
    }
    return *agent == '/' && length(agent) <= MAX_SOCKET && *node && timeout > 0;
}

/* Whether another user could change the file: rowhouse_cni refuses it then. */
static int is_guarded(long file)
{
    unsigned found[64] __attribute__((aligned(8))); /* struct stat */
    unsigned mode, owner, group;
    if (call(SYS_fstat, file, (long)found, 0, 0) < 0)
        return 0;
    mode = found[MODE_IN_STAT];
    owner = found[OWNER_IN_STAT];
    group = found[OWNER_IN_STAT + 1];
    return (owner == 0 || owner == (unsigned)call(SYS_geteuid, 0, 0, 0, 0)) && !(mode & 002)
        && (!(mode & 020) || group == 0 || group == (unsigned)call(SYS_getegid, 0, 0, 0, 0));
}

static int read_settings(const char *path)
{
    long size = 0, n = 0, file = call(SYS_openat, AT_FDCWD, (long)path, O_NONBLOCK | O_CLOEXEC, 0);
    if (file < 0)
        return 0;
    if (is_guarded(file))
        while ((n = call(SYS_read, file, (long)settings + size, MAX_SETTINGS - size, 0)) > 0)
            size += n;
    call(SYS_close, file, 0, 0, 0);
    settings[size] = 0;
    return n == 0 && size > 0 && size < MAX_SETTINGS && length(settings) == size && parse_settings();
}

static int is_id(const char *text)
{
    long n;
    for (n = 0; text[n]; n++)
        if (!is_alphanumeric(text[n]) && (n == 0 || !is_within(text[n], "_.-")))
            return 0;
    return n > 0 && n <= MAX_ID;
}

static int is_interface(const char *text)
{
    long n;
    for (n = 0; text[n]; n++)
        if (is_within(text[n], "/: "))
            return 0;
    return n > 0 && n <= MAX_INTERFACE && !is_same(text, ".") && !is_same(text, "..");
}

static int is_own_namespace(const char *path)
{
    long theirs[32], ours[32]; /* struct stat: st_dev, st_ino, … */
    if (call(SYS_newfstatat, AT_FDCWD, (long)path, (long)theirs, 0) < 0)
        return 0;
    if (call(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/net", (long)ours, 0) < 0)
        return 0;
    return theirs[0] == ours[0] && theirs[1] == ours[1];
}

static void put_header(const char *name, const char *value)
{
    if (*value) {
        put(name);
        put(": ");
        put(value);
        put("\r\n");
    }
}

/* Puts the headers of the call; 0 if there is anything unusual about it. */
static int put_call(const char *command, char **environment)
{
    const char *id = variable(environment, "CNI_CONTAINERID=");
    const char *namespace = variable(environment, "CNI_NETNS=");
    const char *interface = variable(environment, "CNI_IFNAME=");
    const char *arguments = variable(environment, "CNI_ARGS=");
    const char *path = variable(environment, "CNI_PATH=");
    int is_add = is_same(command, "ADD"), is_check = is_same(command, "CHECK");
    int is_about_a_container = is_add || is_check || is_same(command, "DEL");

    if (!is_about_a_container && !is_same(command, "STATUS") && !is_same(command, "GC"))
        return 0;
    if (!is_plain(id, MAX_VALUE) || !is_plain(namespace, MAX_VALUE) || !is_plain(interface, MAX_VALUE)
        || !is_plain(arguments, MAX_VALUE) || !is_plain(path, MAX_VALUE) || !*path)
        return 0;
    if (is_about_a_container && (!is_id(id) || !is_interface(interface)))
        return 0;
    if ((is_add || is_check) && !*namespace)
        return 0;
    if (is_add && (*variable(environment, "CNI_NETNS_OVERRIDE=") || is_own_namespace(namespace)))
        return 0;
    put_header("CNI-Command", command);
    put_header("CNI-ContainerID", id);
    put_header("CNI-NetNS", namespace);
    put_header("CNI-IfName", interface);
    put_header("CNI-Args", arguments);
    put_header("CNI-Path", path);
    put_header("Rowhouse-Node", node);
    put_header("Rowhouse-Cluster", cluster);
    return 1;
}

/* Reads the configuration; its size, MAX_NETCONF + 1 if it is larger, or -1. */
static long read_netconf(void)
{
    long size = 0, n = 1;
    while (n > 0 && size <= MAX_NETCONF) {
        n = call(SYS_read, 0, (long)netconf + size, MAX_NETCONF + 1 - size, 0);
        if (n > 0)
            size += n;
    }
    return n < 0 ? -1 : size;
}

static int write_all(long file, const char *text, long size)
{
    while (size > 0) {
        long n = call(SYS_write, file, (long)text, size, 0);
        if (n <= 0)
            return 0;
        text += n;
        size -= n;
    }
    return 1;
}

/* Makes what was read the standard input again, with what is left of it. A DEL reads all, so that
 * its caller can write all. */
static void put_back(long copy, long size, int is_del)
{
    long total = size, n;
    if (size < 0 || !write_all(copy, netconf, size)) {
        call(SYS_close, 0, 0, 0, 0); /* an error of the input, as it is for rowhouse_cni */
        return;
    }
    while (size > MAX_NETCONF && (is_del || total < MAX_HANDED_ON)
           && (n = call(SYS_read, 0, (long)answer, MAX_ANSWER, 0)) > 0) {
        if (total < MAX_HANDED_ON)
            write_all(copy, answer, n);
        total += n;
    }
    call(SYS_lseek, copy, 0, 0, 0);
    call(SYS_dup3, copy, 0, 0, 0);
}

static __attribute__((noreturn)) void leave(int status)
{
    call(SYS_exit_group, status, 0, 0, 0);
    for (;;)
        ;
}

/* Says that a DEL is kept, with the agent's reason, and nothing in it that controls a terminal. */
static void note_kept(const char *reason, long size)
{
    static char line[1024];
    long i, n = length(NOTE);
    join(line, NOTE, n, "");
    for (i = 0; i < size && n < (long)sizeof line - 8; i++) {
        unsigned char c = (unsigned char)reason[i];
        if (c >= ' ' && c <= '~') {
            line[n++] = reason[i];
        } else {
            line[n++] = '\\';
            line[n++] = 'x';
            n += digits(line + n, c, 16, 2);
        }
    }
    line[n++] = '\n';
    write_all(2, line, n);
}

/* Whether asking again later can give another answer. */
static int is_final(long status)
{
    return status < SERVER_ERROR && status != 401 && status != 407 && status != 408 && status != 425
        && status != 429;
}

/* Ends the process if this is an answer that counts. */
static void deliver(const char *command, long status, const char *body, long size)
{
    long first = 0, last = size;
    int is_object, is_add = is_same(command, "ADD"), is_del = is_same(command, "DEL");
    while (first < last && is_within(body[first], " \t\n\r\v\f"))
        first++;
    while (first < last && is_within(body[last - 1], " \t\n\r\v\f"))
        last--;
    is_object = last - first >= 2 && body[first] == '{' && body[last - 1] == '}';
    if (status == KEPT && is_del) {
        note_kept(body, size);
        leave(0);
    }
    if (status == SUCCESS && (is_object || (first == last && !is_add)))
        leave(write_all(1, body, size) ? 0 : 1);
    if (status > SUCCESS && is_object && find(body, size, "\"code\"") >= 0
        && find(body, size, "\"msg\"") >= 0 && (!is_del || is_final(status))) {
        write_all(1, body, size);
        leave(1);
    }
}

/* Takes a whole answer apart and delivers it. 0: more of it has to come. The agent writes an
 * answer that counts in one form only: status, "fields" with the number of this call and the
 * name of the length, the length, the body. */
static int parse(const char *command, const char *fields, long size)
{
    long start = 0, head, at, status = 0, body = 0;
    const char *text;
    for (;;) {
        text = answer + start;
        head = find(text, size - start, "\r\n\r\n");
        if (head < 0)
            return 0;
        if (!begins(text, "HTTP/1.1 ") || !is_digit(text[9]) || !is_digit(text[10])
            || !is_digit(text[11]) || text[12] != ' ')
            return 1;
        if (text[9] != '1')
            break;
        start += head + 4; /* an interim answer: the agent runs */
    }
    for (at = 9; at < 12; at++)
        status = status * 10 + (text[at] - '0');
    at = find(text, head + 2, "\r\n");
    if (!begins(text + at, fields))
        return 1;
    for (at += length(fields); is_digit(text[at]) && body < MAX_ANSWER; at++)
        body = body * 10 + (text[at] - '0');
    if (at != head || !is_digit(text[at - 1]))
        return 1;
    if (size - start < head + 4 + body)
        return 0;
    if (size - start == head + 4 + body)
        deliver(command, status, text + head + 4, body);
    return 1;
}

/* Whether root or our own user listens there: another one could make up an address. */
static int is_trusted(long sock)
{
    struct { unsigned process, user, group; } peer;
    unsigned size = sizeof peer;
    if (call_with_five(SYS_getsockopt, sock, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&size) < 0)
        return 0;
    return peer.user == 0 || peer.user == (unsigned)call(SYS_geteuid, 0, 0, 0, 0);
}

/* Sends the request and waits for the answer; returns only without one. */
static enum served converse(const char *command, const char *fields)
{
    struct { unsigned short family; char path[MAX_SOCKET + 8]; } address;
    struct { int file; short events, found; } poll;
    static char aside[MAX_SOCKET + sizeof HUNG];
    long deadline = begun + timeout, left, wait[2], size = 0, n;
    long silence = timeout / 2 < MAX_SILENCE ? timeout / 2 : MAX_SILENCE;
    long sock = call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);

    if (sock < 0)
        return NOT_TRIED;
    address.family = AF_UNIX;
    for (n = 0; agent[n]; n++)
        address.path[n] = agent[n];
    address.path[n] = 0;
    n = call(SYS_connect, sock, (long)&address, 2 + n + 1, 0);
    if (n < 0)
        return n == -EAGAIN ? NOT_TRIED : TRIED;
    if (!is_trusted(sock))
        return TRIED;
    if (!write_all(sock, request, request_size))
        return NOT_TRIED; /* the agent refuses a part of a request */
    for (;;) {
        left = deadline - now();
        if (left <= 0)
            return TRIED;
        n = left < silence ? left : silence;
        wait[0] = n / SECOND;
        wait[1] = n % SECOND;
        poll.file = (int)sock;
        poll.events = POLLIN;
        n = call(SYS_ppoll, (long)&poll, 1, (long)wait, 0);
        if (n == 0 && left >= silence) {
            join(aside, agent, length(agent), HUNG);
            call(SYS_renameat2, AT_FDCWD, (long)agent, AT_FDCWD, (long)aside);
        }
        if (n <= 0)
            return TRIED;
        n = call(SYS_read, sock, (long)answer + size, MAX_ANSWER - size, 0);
        if (n <= 0)
            return TRIED; /* it was killed, or the answer is too large */
        size += n;
        if (parse(command, fields, size))
            return TRIED;
    }
}

/* Serves the call and ends the process, or says how rowhouse_cni should. */
static enum served through_agent(char **environment)
{
    const char *command = variable(environment, "CNI_COMMAND=");
    const char *path = variable(environment, "ROWHOUSE_CONFIG=");
    char number[32], fields[96];
    long size, copy, time, ignored[4] = { 1, 0, 0, 0 }; /* SIG_IGN */
    enum served served = NOT_TRIED;

    begun = now();
    if (!*path)
        path = DEFAULT_SETTINGS;
    if (!*command || is_same(command, "VERSION") || !is_plain(path, MAX_PATH_OF_SETTINGS)
        || !read_settings(path) || call(SYS_faccessat, AT_FDCWD, (long)agent, F_OK, 0) < 0)
        return NOT_TRIED;
    time = now();
    put("POST /cni HTTP/1.1\r\n");
    put_header("Rowhouse-Settings", path);
    seconds(number, time + (begun + timeout - time) / 10 * 9);
    put_header("Rowhouse-Deadline", number);
    digits(number, (unsigned long)time, 16, 1);
    put_header("Rowhouse-Call", number);
    if (!put_call(command, environment) || is_too_long)
        return NOT_TRIED;
    join(fields, "\r\nRowhouse-Answer: ", 19, number);
    join(fields, fields, length(fields), "\r\nContent-Length: ");
    copy = call(SYS_memfd_create, (long)"netconf", MFD_CLOEXEC, 0, 0);
    if (copy <= 2) { /* it is not possible, or took the place of a stream that is closed */
        if (copy >= 0)
            call(SYS_close, copy, 0, 0, 0);
        return NOT_TRIED;
    }
    size = read_netconf();
    if (size >= 0 && size <= MAX_NETCONF && find(netconf, size, "\"log_file\"") < 0) {
        digits(number, (unsigned long)size, 10, 1);
        put_header("Content-Length", number);
        put("\r\n");
        put_bytes(netconf, size);
        call(SYS_rt_sigaction, SIGPIPE, (long)ignored, 0, 8);
        if (!is_too_long)
            served = converse(command, fields);
    }
    put_back(copy, size, is_same(command, "DEL"));
    return served;
}
