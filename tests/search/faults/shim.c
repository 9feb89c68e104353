/* System calls that change files, counted from the moment of arming; the n-th kills the process, or fails.
 *
 * Loaded with LD_PRELOAD before Python. The counter is in memory that forked processes share with their parent.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

static volatile long *count;
static long at;   /* the call that is meant, 0 for none */
static int number; /* the error it fails with, 0 to be killed */
static int armed;

__attribute__((constructor)) static void begin(void) {
    count = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

void shim_arm(long n, int error) { at = n; number = error; *count = 0; armed = 1; }
long shim_count(void) { return *count; }

/* Whether this call is to fail; a call that is to kill does not return. */
static int hit(void) {
    if (!armed || __sync_add_and_fetch(count, 1) != at) return 0;
    if (!number) { raise(SIGKILL); for (;;) pause(); }
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define WRAP(type, name, parameters, arguments) \
    type name parameters { if (hit()) return -1; return REAL(name) arguments; }

WRAP(int, rename, (const char *a, const char *b), (a, b))
WRAP(int, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b))
WRAP(int, renameat2, (int d, const char *a, int e, const char *b, unsigned int f), (d, a, e, b, f))
WRAP(int, link, (const char *a, const char *b), (a, b))
WRAP(int, linkat, (int d, const char *a, int e, const char *b, int f), (d, a, e, b, f))
WRAP(int, unlink, (const char *a), (a))
WRAP(int, unlinkat, (int d, const char *a, int f), (d, a, f))
WRAP(int, mkdir, (const char *a, mode_t m), (a, m))
WRAP(int, mkdirat, (int d, const char *a, mode_t m), (d, a, m))
WRAP(int, rmdir, (const char *a), (a))
WRAP(int, ftruncate, (int f, off_t n), (f, n))
WRAP(int, ftruncate64, (int f, off64_t n), (f, n))
WRAP(int, fsync, (int f), (f))
WRAP(int, syncfs, (int f), (f))
WRAP(int, fchown, (int f, uid_t u, gid_t g), (f, u, g))
WRAP(int, fchmod, (int f, mode_t m), (f, m))
WRAP(int, futimens, (int f, const struct timespec t[2]), (f, t))
WRAP(int, fsetxattr, (int f, const char *n, const void *v, size_t s, int g), (f, n, v, s, g))

ssize_t write(int f, const void *raw, size_t size) {
    if (f > 2 && armed && !number && *count + 1 == at && size > 1) {
        /* Killed in the middle: half of it is there. */
        REAL(write)(f, raw, size / 2);
    }
    if (f > 2 && hit()) return -1;
    return REAL(write)(f, raw, size);
}

#define OPEN(name)                                                   \
    int name(const char *path, int flags, ...) {                     \
        va_list list; va_start(list, flags);                         \
        int mode = va_arg(list, int); va_end(list);                  \
        if ((flags & O_CREAT) && hit()) return -1;                   \
        return REAL(name)(path, flags, mode);                        \
    }
#define OPENAT(name)                                                 \
    int name(int folder, const char *path, int flags, ...) {         \
        va_list list; va_start(list, flags);                         \
        int mode = va_arg(list, int); va_end(list);                  \
        if ((flags & O_CREAT) && hit()) return -1;                   \
        return REAL(name)(folder, path, flags, mode);                \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
