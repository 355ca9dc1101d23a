/* What a pod's sandbox runs: holds the namespaces until it is told to go. */
#include <signal.h>
#include <stddef.h>

int main(void) {
    sigset_t ends;
    int which;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGCHLD, SIG_IGN);
    return sigwait(&ends, &which);
}
