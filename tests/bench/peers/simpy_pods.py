"""20 pods of 25 servers in SimPy, a timeout of 100 ms for every request: M requests a second of CPU
time."""
import random
import sys
import time

import simpy

n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
env = simpy.Environment()
pods = [simpy.Resource(env, 25) for _ in range(20)]
dice = random.Random(1)
total = 0.0


def serve(pod):
    with pod.request() as turn:
        yield turn
        yield env.timeout(dice.expovariate(1 / 0.010))


def request(arrived):
    global total
    work = env.process(serve(pods[dice.randrange(20)]))
    patience = env.timeout(0.100)
    yield work | patience
    total += env.now - arrived


def arrivals():
    for _ in range(n):
        yield env.timeout(dice.expovariate(40_000))
        env.process(request(env.now))


begin = time.process_time()
env.process(arrivals())
env.run()
seconds = time.process_time() - begin
print(f"simpy pods         {n / seconds / 1e6:8.4f} M/s   mean sojourn {total / n / 0.010:.3f} services")
