/* Files of Lua text. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bind/impl.h"

enum {
    MAX_FILE = 64 * 1024 * 1024, /* of Lua text */
    MAX_INCLUDES = 50            /* inside each other */
};

/* Reads into a buffer of the host's, which also remembers the open file: the reading may end in a
 * jump. Returns an errno. */
static int read_file(struct host *h, const char *path, size_t *size) {
    ssize_t got = 0;
    *size = 0;
    h->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (h->fd < 0)
        return errno;
    do {
        *size += (size_t)got;
        if (*size == h->text_cap) {
            size_t cap = h->text_cap ? 2 * h->text_cap : 16384;
            h->text = mem_resize(h->text, cap, 1);
            h->text_cap = cap;
        }
        got = read(h->fd, h->text + *size, h->text_cap - *size);
    } while (got > 0 && *size < MAX_FILE);
    int why = got < 0 ? errno : got > 0 ? EFBIG : 0;
    close(h->fd);
    h->fd = -1;
    return why;
}

void host_load(lua_State *L, const char *path) {
    struct host *h = host_of(L);
    size_t n;
    int why = read_file(h, path, &n);
    if (why == ENOMEM)
        host_refuse(h);
    if (why)
        luaL_error(L, "%s: it cannot be read: %s", path, strerror(why));
    if (n && h->text[0] == LUA_SIGNATURE[0])
        luaL_error(L, "%s: it is compiled Lua; a scenario is a text", path);
    char name[512];
    snprintf(name, sizeof name, "@%s", path);
    if (luaL_loadbufferx(L, h->text, n, name, "t") != LUA_OK)
        lua_error(L);
}

bool host_finds(const char *path) {
    return !access(path, R_OK);
}

void host_include(lua_State *L, const char *name) {
    struct host *h = host_of(L);
    const struct maker *m = h->maker;
    if (name[0] == '/' || strstr(name, ".."))
        luaL_error(
            L, "include \"%s\": only files beside the scenario or of the library may be included",
            name);
    const char *ending = strstr(name, ".lua") ? "" : ".lua";
    const char *path = lua_pushfstring(L, "%s/%s%s", m->folder, name, ending);
    if (!host_finds(path))
        path = lua_pushfstring(L, "%s/%s%s", m->library ? m->library : ".", name, ending);
    if (!host_finds(path))
        luaL_error(L, "include \"%s\": there is no such file beside the scenario or in the library",
                   name);
    if (++h->including > MAX_INCLUDES)
        luaL_error(
            L,
            "include \"%s\": files include each other more than %d deep; do they go in a circle?",
            name, (int)MAX_INCLUDES);
    host_spend(L, 10000);
    host_load(L, path);
    lua_call(L, 0, 1);
    h->including--;
}
