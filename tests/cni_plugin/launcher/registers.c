/* The launcher with a value in the register of a system call's fifth argument, which the compiler leaves alone
 * (-ffixed-r8): at a process's start it is 0, but any code in between may use it. */

#define HOSTED
#define LOADER_OPTIONS
#include "launcher.c"

__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n mov $-1, %r8\n call launch\n");
