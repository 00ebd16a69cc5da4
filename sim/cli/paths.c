/* Where the files that come with the program are, and which file a scenario's name means. */
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static bool is_there(const char *path) {
    struct stat st;
    return !stat(path, &st);
}

static bool is_folder(const char *path) {
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool path_find(const char *folder, char *out) {
    char self[PATH_SIZE];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    const char *dir = dirname(self);
    snprintf(out, PATH_SIZE, "%s/%s", dir, folder); /* a build tree */
    if (is_there(out))
        return true;
    snprintf(out, PATH_SIZE, "%s/../share/nines/%s", dir, folder); /* installed */
    return is_there(out);
}

bool path_scenario(const char *name, char *out, struct error *e) {
    char folder[PATH_SIZE];
    snprintf(out, PATH_SIZE, "%s", name);
    if (strchr(name, '/') || strstr(name, ".lua") || (is_there(name) && !is_folder(name)))
        return is_there(name) || error_set(e, "%s: there is no such file", name);
    if (path_find("scenarios", folder)) {
        size_t n = strlen(folder);
        if (n + strlen(name) + 6 < PATH_SIZE) {
            memcpy(out, folder, n);
            snprintf(out + n, PATH_SIZE - n, "/%s.lua", name);
            if (is_there(out))
                return true;
        }
    }
    return error_set(e,
                     "%s: there is no such scenario; `nines list` shows those that come with "
                     "nines, a file of your own "
                     "ends in .lua",
                     name);
}
