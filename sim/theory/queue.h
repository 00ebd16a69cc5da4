/* Closed forms of queueing theory: what the simulation is checked against.
 *
 * Rates per second, times in seconds, FCFS, Poisson arrivals unless said. Functions return NaN for arguments without a
 * steady state (load of 1 or more) or out of range; nothing allocates. Sources: Kleinrock, Queueing Systems I (1975);
 * Gross et al., Fundamentals of Queueing Theory (2008). */
#ifndef NINES_THEORY_QUEUE_H
#define NINES_THEORY_QUEUE_H

/* Offered load a = lambda / mu in erlangs. */
double theory_erlang_b(int servers, double a);  /* share lost; any service law */
double theory_erlang_c(int servers, double a);  /* share that waits; a < servers */

double theory_mmc_wait(int servers, double lambda, double mu);    /* mean wait */
double theory_mmc_sojourn(int servers, double lambda, double mu); /* mean sojourn */
/* P(sojourn > t), and the time that a share p of sojourns does not exceed. */
double theory_mmc_tail(int servers, double lambda, double mu, double t);
double theory_mmc_quantile(int servers, double lambda, double mu, double p);

/* M/M/c with room for `capacity` >= servers in all: loss, mean number, mean sojourn of the accepted. Any load. */
struct theory_finite {
    double loss, number, throughput, sojourn;
};
struct theory_finite theory_mmck(int servers, int capacity, double lambda, double mu);

/* Pollaczek-Khinchine: mean wait for a service law with this mean and squared coefficient of variation (M/D/1: 0). */
double theory_mg1_wait(double lambda, double mean, double cv2);

/* Two classes, one exponential server, non-preemptive: mean sojourn of the important and of the other one (Cobham 1954). */
void theory_priority(double lambda_high, double lambda_low, double mu, double *high, double *low);

#endif
