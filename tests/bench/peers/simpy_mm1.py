"""M/M/1 at 90 % load in SimPy, in its usual style: prints M customers a second of CPU time."""
import random
import sys
import time

import simpy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
env = simpy.Environment()
server = simpy.Resource(env, 1)
dice = random.Random(1)
total = 0.0


def customer(arrived):
    global total
    with server.request() as turn:
        yield turn
        yield env.timeout(dice.expovariate(1.0))
    total += env.now - arrived


def arrivals():
    for _ in range(n):
        yield env.timeout(dice.expovariate(0.9))
        env.process(customer(env.now))


begin = time.process_time()
env.process(arrivals())
env.run()
seconds = time.process_time() - begin
print(f"simpy mm1          {n / seconds / 1e6:8.4f} M/s   mean sojourn {total / n:.3f} services")
