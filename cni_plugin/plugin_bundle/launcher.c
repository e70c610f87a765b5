/* The executable "rowhouse": serves the usual call through the node's agent by itself (agent.c).
 * For all others it finds the folder rowhouse.d beside itself and executes its interpreter through
 * the bundle's own loader, so that it uses no library of the host. Static, without a libc.
 *
 * Built by plugin_bundle/launcher.py, which defines LOADER_OPTIONS (comma-separated string
 * literals, each followed by a comma). x86-64 and aarch64 Linux.
 */

#define FOLDER "rowhouse.d"
#define USUAL_PLACE "/opt/cni/bin"
#define LOADER "/lib/loader"
#define LIBRARIES "/lib"
#define INTERPRETER "/bin/python"
#define BEGUN "ROWHOUSE_CALL_BEGUN=" /* see rowhouse_cni/plugin.py */
#define TRIED_AGENT "ROWHOUSE_AGENT_TRIED="
#define PROGRAM "from rowhouse_cni.plugin import main;main()"

enum { MAX_PATH = 4096, AT_FDCWD = -100, AT_EXECFN = 31, EISDIR = 21, MOST_LINKS = 8 };

#if defined(__x86_64__)
enum {
    SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_execve = 59, SYS_exit_group = 231,
    SYS_readlinkat = 267, SYS_faccessat = 269, SYS_fstat = 5, SYS_lseek = 8, SYS_rt_sigaction = 13,
    SYS_socket = 41, SYS_connect = 42, SYS_getsockopt = 55, SYS_geteuid = 107, SYS_getegid = 108,
    SYS_clock_gettime = 228, SYS_openat = 257, SYS_newfstatat = 262, SYS_ppoll = 271, SYS_dup3 = 292,
    SYS_renameat2 = 316, SYS_memfd_create = 319,
    MODE_IN_STAT = 6, OWNER_IN_STAT = 7 /* of struct stat, in words of four bytes */
};
#ifndef HOSTED /* tests link it with a libc, and with sanitizers */
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call launch\n");
#endif

static long call_with_five(long number, long a, long b, long c, long d, long e)
{
    register long fourth __asm__("r10") = d;
    register long fifth __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum {
    SYS_read = 63, SYS_write = 64, SYS_close = 57, SYS_execve = 221, SYS_exit_group = 94,
    SYS_readlinkat = 78, SYS_faccessat = 48, SYS_fstat = 80, SYS_lseek = 62, SYS_rt_sigaction = 134,
    SYS_socket = 198, SYS_connect = 203, SYS_getsockopt = 209, SYS_geteuid = 175, SYS_getegid = 177,
    SYS_clock_gettime = 113, SYS_openat = 56, SYS_newfstatat = 79, SYS_ppoll = 73, SYS_dup3 = 24,
    SYS_renameat2 = 276, SYS_memfd_create = 279,
    MODE_IN_STAT = 4, OWNER_IN_STAT = 6 /* of struct stat, in words of four bytes */
};
#ifndef HOSTED /* tests link it with a libc, and with sanitizers */
__asm__(".globl _start\n_start: mov x29, #0\n mov x30, #0\n mov x0, sp\n bl launch\n");
#endif

static long call_with_five(long number, long a, long b, long c, long d, long e)
{
    register long which __asm__("x8") = number;
    register long first __asm__("x0") = a;
    register long second __asm__("x1") = b;
    register long third __asm__("x2") = c;
    register long fourth __asm__("x3") = d;
    register long fifth __asm__("x4") = e;
    __asm__ volatile("svc #0"
                     : "+r"(first)
                     : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                     : "memory", "cc");
    return first;
}
#else
#error "no system calls known for this architecture"
#endif

static long call(long number, long a, long b, long c, long d)
{
    return call_with_five(number, a, b, c, d, 0);
}

static char own[MAX_PATH + 1], link[MAX_PATH + 1], folder[MAX_PATH + 1];
static char loader[MAX_PATH + 1], libraries[MAX_PATH + 1], interpreter[MAX_PATH + 1];

static long length(const char *text)
{
    long n = 0;
    while (text[n])
        n++;
    return n;
}

static int begins(const char *text, const char *with)
{
    while (*with)
        if (*text++ != *with++)
            return 0;
    return 1;
}

/* target = first + second; the result is empty if it would not fit. */
static void join(char *target, const char *first, long first_length, const char *second)
{
    long n = 0;
    if (first_length + length(second) > MAX_PATH) {
        *target = 0;
        return;
    }
    for (; n < first_length; n++)
        target[n] = first[n];
    while (*second)
        target[n++] = *second++;
    target[n] = 0;
}

/* The length of path up to and including its last slash; 0 if it has none. */
static long directory(const char *path)
{
    long n = length(path);
    while (n && path[n - 1] != '/')
        n--;
    return n;
}

/* Reads the target of the symbolic link at path into "link"; 0 if path is not a link. */
static int read_link(const char *path)
{
    long n = call(SYS_readlinkat, AT_FDCWD, (long)path, (long)link, MAX_PATH);
    link[n > 0 ? n : 0] = 0;
    return n > 0;
}

#include "agent.c"

/* Finds the path of this executable: from the kernel, or, without /proc, from the call. */
static void find_own_path(const char *called)
{
    int links = MOST_LINKS;
    if (read_link("/proc/self/exe")) {
        join(own, "", 0, link);
        return;
    }
    join(own, "", 0, called);
    while (links-- && read_link(own))
        join(own, own, link[0] == '/' ? 0 : directory(own), link);
}

/* Whether the bundle is at place/name. A symbolic link there is resolved once for the whole
 * call, so that an update can change the link while calls are running. */
static int is_folder(const char *place, long place_length, const char *name)
{
    join(folder, place, place_length, name);
    if (read_link(folder))
        join(folder, place, link[0] == '/' ? 0 : place_length, link);
    join(loader, folder, length(folder), LOADER);
    return *loader && call(SYS_faccessat, AT_FDCWD, (long)loader, 1, 0) == 0;
}

static void say(const char *text)
{
    call(SYS_write, 1, (long)text, length(text), 0);
}

static int is_dropped(const char *variable)
{
    return begins(variable, "LD_") || begins(variable, "GLIBC_TUNABLES=")
        || begins(variable, "LC_ALL=") || begins(variable, "OPENSSL_")
        || begins(variable, BEGUN) || begins(variable, TRIED_AGENT);
}

/* The stack as the kernel leaves it: count, arguments, 0, environment, 0, auxiliary vector. */
__attribute__((noreturn, used)) void launch(long *stack)
{
    long count = stack[0], variables = 0, n = 0, i;
    char **arguments = (char **)stack + 1, **environment = arguments + count + 1;
    long *auxiliary;
    const char *called = count ? arguments[0] : "";
    enum served served;

    while (environment[variables])
        variables++;
    for (auxiliary = (long *)(environment + variables + 1); auxiliary[0]; auxiliary += 2)
        if (auxiliary[0] == AT_EXECFN)
            called = (const char *)auxiliary[1];

    /* The interpreter does not start with a directory as its standard input, but the plugin
     * has an error message for input that cannot be read. */
    if (call(SYS_read, 0, (long)own, 0, 0) == -EISDIR)
        call(SYS_close, 0, 0, 0, 0);

    served = through_agent(environment);
    find_own_path(called);
    if (is_folder(own, directory(own), FOLDER)
        || is_folder(USUAL_PLACE "/", length(USUAL_PLACE "/"), FOLDER)) {
        const char *fixed[] = { loader, LOADER_OPTIONS "--library-path", libraries, interpreter,
                                "-I", "-S", "-B", "-X", "utf8", "-c", PROGRAM };
        const char *new_arguments[sizeof fixed / sizeof *fixed + count + 1];
        const char *new_environment[variables + 5];
        static char begun_at[64];

        join(libraries, folder, length(folder), LIBRARIES);
        join(interpreter, folder, length(folder), INTERPRETER);
        for (; n < (long)(sizeof fixed / sizeof *fixed); n++)
            new_arguments[n] = fixed[n];
        for (i = 1; i < count; i++)
            new_arguments[n++] = arguments[i];
        new_arguments[n] = 0;
        for (i = n = 0; i < variables; i++)
            if (!is_dropped(environment[i]))
                new_environment[n++] = environment[i];
        new_environment[n++] = "LC_ALL=C"; /* no locale data of the host */
        new_environment[n++] = "OPENSSL_CONF=/dev/null"; /* no OpenSSL configuration of the host */
        join(begun_at, BEGUN, length(BEGUN), "");
        seconds(begun_at + length(begun_at), begun);
        new_environment[n++] = begun_at;
        if (served == TRIED)
            new_environment[n++] = TRIED_AGENT "true";
        new_environment[n] = 0;
        call(SYS_execve, (long)loader, (long)new_arguments, (long)new_environment, 0);
    }
    say("{\"cniVersion\": \"1.1.0\", \"code\": 999, \"msg\": \"the rowhouse plugin is not "
        "installed completely\", \"details\": \"put the folder " FOLDER " beside the rowhouse "
        "executable, or into " USUAL_PLACE "\"}\n");
    call(SYS_exit_group, 1, 0, 0, 0);
    for (;;)
        ;
}
