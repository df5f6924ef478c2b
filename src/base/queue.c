#include "base/queue.h"

#include <errno.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"

static int init_taker_condition(pthread_cond_t *c)
{
	pthread_condattr_t a;
	int rc = pthread_condattr_init(&a);

	if (rc)
		return rc;
	rc = pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	if (!rc)
		rc = pthread_cond_init(c, &a);
	pthread_condattr_destroy(&a);
	return rc;
}

int queue_init(struct queue *q, uint32_t cap, struct err *e)
{
	*q = (struct queue){.cap = cap};
	q->slot = mem_get(cap, sizeof(*q->slot));
	if (!q->slot)
		return err_set(e, -ENOMEM, "could not make a queue of %u: out of memory", cap);
	int rc = pthread_mutex_init(&q->lock, NULL);
	if (rc)
		goto no_lock;
	rc = pthread_cond_init(&q->may_put, NULL);
	if (rc)
		goto no_put;
	rc = init_taker_condition(&q->may_take);
	if (!rc)
		return 0;
	pthread_cond_destroy(&q->may_put);
no_put:
	pthread_mutex_destroy(&q->lock);
no_lock:
	mem_free(q->slot);
	q->slot = NULL;
	return err_set(e, -rc, "could not make a queue of %u: error %d", cap, rc);
}

void queue_done(struct queue *q)
{
	if (!q->slot)
		return;
	pthread_cond_destroy(&q->may_take);
	pthread_cond_destroy(&q->may_put);
	pthread_mutex_destroy(&q->lock);
	mem_free(q->slot);
	q->slot = NULL;
}

bool queue_put(struct queue *q, void *what)
{
	pthread_mutex_lock(&q->lock);
	while (q->n == q->cap && !q->closed)
		pthread_cond_wait(&q->may_put, &q->lock);
	bool ok = !q->closed;
	if (ok) {
		q->slot[((uint64_t)q->head + q->n) % q->cap] = what;
		q->n++;
		pthread_cond_signal(&q->may_take);
	}
	pthread_mutex_unlock(&q->lock);
	return ok;
}

/* Under the lock; NULL when there is nothing. */
static void *take_first(struct queue *q)
{
	if (!q->n)
		return NULL;
	void *what = q->slot[q->head];
	q->head = (uint32_t)(((uint64_t)q->head + 1) % q->cap);
	q->n--;
	pthread_cond_signal(&q->may_put);
	return what;
}

void *queue_take(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->closed)
		pthread_cond_wait(&q->may_take, &q->lock);
	void *what = take_first(q);
	pthread_mutex_unlock(&q->lock);
	return what;
}

static struct timespec deadline(int64_t wait_ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (wait_ms > 0) {
		t.tv_sec += wait_ms / 1000;
		t.tv_nsec += wait_ms % 1000 * 1000000;
	}
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

void *queue_take_for(struct queue *q, int64_t wait_ms)
{
	struct timespec until = deadline(wait_ms);
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	while (!q->n && !q->closed && !rc)
		rc = pthread_cond_timedwait(&q->may_take, &q->lock, &until);
	void *what = take_first(q);
	pthread_mutex_unlock(&q->lock);
	return what;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->may_put);
	pthread_cond_broadcast(&q->may_take);
	pthread_mutex_unlock(&q->lock);
}

uint32_t queue_length(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	uint32_t n = q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}
