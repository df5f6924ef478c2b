/* queue.h - a bounded queue of pointers between threads; a full one makes the sender wait.
 *
 * Several senders, several takers. What is put is never touched again by its sender. Closing wakes
 * everybody: puts then fail, takes drain what is left and then return NULL.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t may_put, may_take;
	void **slot;
	uint32_t cap, head, n;
	bool closed;
};

int queue_init(struct queue *q, uint32_t cap, struct err *e);
void queue_done(struct queue *q);
bool queue_put(struct queue *q, void *what);                 /* false: closed */
void *queue_take(struct queue *q);                           /* NULL: closed and empty */
void *queue_take_for(struct queue *q, int64_t wait_ms);      /* NULL: also when time is up */
void queue_close(struct queue *q);
uint32_t queue_length(struct queue *q);

#endif
