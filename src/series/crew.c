#include "series/crew.h"

#include <pthread.h>
#include <stddef.h>

struct job {
	void (*work)(void *ctx);
	void *ctx;
};

static void *crew_member(void *job)
{
	struct job *j = job;

	j->work(j->ctx);
	return NULL;
}

void crew_run(unsigned threads, void (*work)(void *ctx), void *ctx)
{
	struct job job = { work, ctx };
	pthread_t member[CREW_MAX];
	unsigned n = 0;

	while (n < CREW_MAX && n + 1 < threads &&
		!pthread_create(&member[n], NULL, crew_member, &job))
		n++;
	work(ctx);
	while (n)
		pthread_join(member[--n], NULL);
}
