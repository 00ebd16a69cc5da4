/* Closed forms of queueing theory: what the simulation is checked against.
 *
 * Rates per second, times in seconds; FCFS and Poisson arrivals unless said. A sojourn is wait and
 * service together; numbers in the system follow by Little's law, L = lambda W. Functions return
 * NaN for arguments without a steady state (a load of 1 or more, where there is no limit and nobody
 * leaves) or out of range; nothing allocates for longer than the call. Sources: L. Kleinrock,
 * Queueing Systems, volume 1 (1975); D. Gross et al., Fundamentals of Queueing Theory (2008). */
#ifndef NINES_THEORY_QUEUE_H
#define NINES_THEORY_QUEUE_H

/* Offered load a = lambda / mu in erlangs. */
double theory_erlang_b(int servers, double a); /* share lost, for any service law */
double theory_erlang_c(int servers, double a); /* share that waits; a < servers */

/* M/M/c; M/M/1 is servers = 1. */
double theory_mmc_wait(int servers, double lambda, double mu);    /* mean */
double theory_mmc_sojourn(int servers, double lambda, double mu); /* mean */
/* P(sojourn > t), and the time that a share p of sojourns does not exceed. */
double theory_mmc_tail(int servers, double lambda, double mu, double t);
double theory_mmc_quantile(int servers, double lambda, double mu, double p);

/* M/M/c with room for `capacity` >= servers in all: share lost, mean number in the system, calls
 * served per second, mean sojourn of the accepted. Any load. */
struct theory_finite {
    double loss, number, throughput, sojourn;
};
struct theory_finite theory_mmck(int servers, int capacity, double lambda, double mu);

/* M/M/c+M (Palm 1957): who waits leaves after an exponential time with mean 1/theta. Share that
 * leaves unserved, mean wait of all (until service or leaving), share that waits. Any load. */
struct theory_impatient {
    double abandon, wait, delayed;
};
struct theory_impatient theory_mmcm(int servers, double lambda, double mu, double theta);

/* M/G/1: Pollaczek-Khinchine's mean wait for a service law of this mean and squared coefficient of
 * variation (M/D/1: 0, M/M/1: 1). */
double theory_mg1_wait(double lambda, double mean, double cv2);

/* Two classes, one exponential server, non-preemptive: mean sojourn of the important class and of
 * the other one (Cobham 1954). */
void theory_priority(double lambda_high, double lambda_low, double mu, double *high, double *low);

/* Two exponential servers with a queue each; a call joins the shorter queue with probability
 * `compared` (a coin when they are equal) and either at random otherwise: 1 is join-the-shortest,
 * 1/2 the better of two draws with replacement, 0 random. Mean sojourn, from the balance equations
 * cut off at 64 calls a queue: meant for loads up to 0.9 (0.8 when compared = 0). */
double theory_two_queues(double lambda, double mu, double compared);

#endif
