/* One gnuplot process at the end of a pipe. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plot_impl.h"

extern char **environ;

struct child {
    pid_t pid;
    int in, out; /* our ends; -1 when closed */
};

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* posix_spawnp with `in` as standard input and `out` as the stream number `heard`; the other output
 * goes nowhere. Returns an errno. */
static int spawn(pid_t *pid, char **argv, int in, int out, int heard) {
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_adddup2(&actions, in, 0);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(&actions, 3 - heard, "/dev/null", O_WRONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, out, heard);
    if (!failed)
        failed = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Both channels are socket pairs rather than pipes: send() has MSG_NOSIGNAL, so that a gnuplot that
 * dies early costs an error code and no SIGPIPE, and nobody's signal handling has to be changed for
 * it. Returns an errno. */
static int child_start(struct child *c, char **argv, int heard) {
    int in[2], out[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in))
        return errno;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out)) {
        int why = errno;
        close(in[0]);
        close(in[1]);
        return why;
    }
    int failed = spawn(&c->pid, argv, in[1], out[1], heard);
    close(in[1]);
    close(out[1]);
    c->in = in[0];
    c->out = out[0];
    if (failed) {
        close_end(&c->in);
        close_end(&c->out);
    }
    return failed;
}

/* Keeps the beginning of what the child says; the rest is read and dropped so that it never blocks.
 */
static void read_some(struct child *c, char *said, size_t size) {
    char buffer[1024];
    ssize_t got = recv(c->out, buffer, sizeof buffer, 0);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
        close_end(&c->out);
    for (ssize_t i = 0; i < got; i++) {
        size_t n = strlen(said);
        if (n + 1 < size && buffer[i] != '\0')
            said[n] = buffer[i];
    }
}

/* Sends the script and collects the messages at once: each side may block while the other fills. */
static void talk(struct child *c, const char *script, size_t size, char *said, size_t room) {
    size_t sent = 0;
    while (c->out >= 0) {
        struct pollfd fds[2] = {{.fd = c->out, .events = POLLIN}, {.fd = c->in, .events = POLLOUT}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            read_some(c, said, room);
        if (c->in < 0 || !fds[1].revents)
            continue;
        ssize_t n = send(c->in, script + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            sent += (size_t)n;
        if (sent == size || (n < 0 && errno != EINTR && errno != EAGAIN))
            close_end(&c->in); /* end of the script, or gnuplot has gone */
    }
    close_end(&c->in);
    close_end(&c->out);
}

/* gnuplot goes on after an error and complains about what follows from it; the first message, up to
 * an empty line, is the one that counts. */
static bool refused(struct arena *a, char *said, struct error *e) {
    while (*said == '\n' || *said == ' ')
        said++;
    char *end = strstr(said, "\n\n");
    if (end)
        *end = '\0';
    char *line = plot_text_fit(a, said, 4800, PLOT_SMALL); /* at most about 600 characters */
    return error_set(e, "gnuplot refused: %s", line[0] ? line : "(it gave no reason)");
}

static bool child_wait(const struct child *c, int *status) {
    while (waitpid(c->pid, status, 0) < 0)
        if (errno != EINTR)
            return false;
    return true;
}

bool plot_pipe_run(struct arena *a, const char *script, size_t size, struct error *e) {
    /* -d: no start-up file of the user may change the pictures */
    char *argv[] = {"gnuplot", "-d", NULL}, said[2048] = "";
    struct child c;
    int status, failed = child_start(&c, argv, 2);
    if (failed == ENOENT)
        return error_set(e, "gnuplot is not installed: the pictures were not drawn (apt install "
                            "gnuplot-nox); everything else is complete");
    if (failed == ENOMEM)
        return mem_error(e, "starting gnuplot");
    if (failed)
        return error_set(e, "gnuplot cannot be started: %s", strerror(failed));
    talk(&c, script, size, said, sizeof said);
    if (!child_wait(&c, &status))
        return error_set(e, "gnuplot was lost: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        return error_set(e, "gnuplot was ended by signal %d", WTERMSIG(status));
    return refused(a, said, e);
}

bool plot_pipe_fonts(const uint32_t *points, size_t n) {
    char pattern[1024] = ":charset=", said[64] = "";
    char *argv[] = {"fc-list", pattern, "family", NULL};
    struct child c;
    int status;
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(pattern);
        if (used + 16 > sizeof pattern)
            return false;
        snprintf(pattern + used, sizeof pattern - used, "%s%x", i > 0 ? " " : "", points[i]);
    }
    if (child_start(&c, argv, 1))
        return false;
    talk(&c, "", 0, said, sizeof said);
    return child_wait(&c, &status) && said[0] != '\0';
}
