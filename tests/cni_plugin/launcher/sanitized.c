/* The launcher as a program with a libc, so that a compiler's sanitizers can watch its memory. */

#define HOSTED
#define LOADER_OPTIONS
#include "launcher.c"

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "abort_on_error=1"; /* an exit status of its own */
}

int main(int count, char **arguments)
{
    (void)count;
    launch((long *)arguments - 1); /* the stack, as the kernel leaves it */
}
