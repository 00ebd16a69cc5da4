#include "node/reload.h"

#include "core/sim.h"

enum { PURPOSE_RELOAD = (1 << 20) + 16 }; /* beyond those of facts and of users */

static struct reload_call *mine(struct call *c) {
    return container_of(c, struct reload_call, base);
}

void reload_seal(struct reload *r) {
    line_init(&r->line);
}

static void send(struct reload *r, struct source *s, struct call *c, void (*fire)(struct event *)) {
    struct reload_call *m = mine(c);
    if (r->after && m->sent < r->at_most) {
        double s_after = quantity_draw(r->after, c, PURPOSE_RELOAD + ((uint64_t)m->sent << 32));
        call_wake(c, quantity_fixed(r->after) ? &r->line : NULL, ns_from_s(s_after), fire);
    }
    m->sub = call_send_again(c, &s->entry, ++m->sent);
}

void reload_send(struct reload *r, struct source *s, struct call *c, void (*fire)(struct event *)) {
    mine(c)->sent = 0;
    send(r, s, c, fire);
}

void reload_again(struct reload *r, struct source *s, struct call *c,
                  void (*fire)(struct event *)) {
    call_detach(mine(c)->sub);
    r->reloads++;
    send(r, s, c, fire);
}
