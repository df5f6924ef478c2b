#include "learn/fit_lstm_parts.h"

#include <errno.h>
#include <math.h>

#include "base/err.h"
#include "base/mem.h"
#include "learn/dataset.h"
#include "series/crew.h"

#define CHUNK 512u              /* rows predicted at once to validate */

static uint32_t parts_of(uint32_t n, uint32_t size)
{
	return n / size + (n % size != 0);
}

static int make_tapes(struct lstm_crew *c, const struct lstm_shape *s, uint32_t rows,
	struct err *e)
{
	for (unsigned i = 0; i < c->threads; i++)
		if (lstm_tape_init(&c->tape[i], s, rows, e) < 0)
			return e->code;
	return 0;
}

int lstm_crew_init(struct lstm_crew *c, const struct fit_lstm *f, const struct lstm_shape *s,
	uint32_t batch, struct err *e)
{
	uint32_t chunks = f->valid ? parts_of(f->valid->n_rows, CHUNK) : 0;
	*c = (struct lstm_crew){ .n_weights = lstm_n_weights(s) };
	c->n_shards = parts_of(batch, FIT_LSTM_SHARD);
	c->n_parts = c->n_shards > chunks ? c->n_shards : chunks;
	c->threads = f->threads < 1 ? 1 : f->threads < CREW_MAX ? f->threads : CREW_MAX;
	if (!(c->tape = mem_get(c->threads, sizeof *c->tape)) ||
	    !(c->gradient = mem_get(c->n_shards, c->n_weights * sizeof *c->gradient)) ||
	    !(c->part = mem_get(c->n_parts, sizeof *c->part)))
		err_set(e, -ENOMEM, "could not prepare mini-batches of %u: out of memory", batch);
	else if (make_tapes(c, s, batch < FIT_LSTM_SHARD ? batch : FIT_LSTM_SHARD, e) == 0)
		return 0;
	lstm_crew_done(c);
	return e->code;
}

void lstm_crew_done(struct lstm_crew *c)
{
	for (unsigned i = 0; c->tape && i < c->threads; i++)
		lstm_tape_done(&c->tape[i]);
	mem_free(c->tape);
	mem_free(c->gradient);
	mem_free(c->part);
	*c = (struct lstm_crew){0};
}

static void crew_start(struct lstm_crew *c, const struct lstm *m, struct tape_rows rows)
{
	c->m = m;
	c->rows = rows;
	atomic_store(&c->next_thread, 0);
	atomic_store(&c->next_part, 0);
}

static void learn_shards(void *crew)
{
	struct lstm_crew *c = crew;
	struct lstm_tape *t = &c->tape[atomic_fetch_add(&c->next_thread, 1)];
	uint32_t i, at;
	while ((at = (i = atomic_fetch_add(&c->next_part, 1)) * FIT_LSTM_SHARD) < c->rows.n) {
		struct tape_rows shard = { c->rows.of, c->rows.row + at, c->rows.n - at };
		shard.n = shard.n < FIT_LSTM_SHARD ? shard.n : FIT_LSTM_SHARD;
		c->part[i] = lstm_tape_forward(t, c->m, shard);
		lstm_tape_backward(t, c->m, shard.n, 1 / (float)c->rows.n,
			c->gradient + i * c->n_weights);
	}
}

double lstm_crew_gradient(struct lstm_crew *c, const struct lstm *m, struct tape_rows rows)
{
	uint32_t n = parts_of(rows.n, FIT_LSTM_SHARD);
	crew_start(c, m, rows);
	crew_run(c->threads < n ? c->threads : n, learn_shards, c);
	double sum = c->part[0];
	for (uint32_t i = 1; i < n; i++) {
		const float *from = c->gradient + i * c->n_weights;
		sum += c->part[i];
		for (uint64_t k = 0; k < c->n_weights; k++)
			c->gradient[k] += from[k];
	}
	return sum;
}

static void check_chunks(void *crew)
{
	struct lstm_crew *c = crew;
	float y[CHUNK];
	uint32_t i, at;
	while ((at = (i = atomic_fetch_add(&c->next_part, 1)) * CHUNK) < c->rows.n) {
		uint32_t n = c->rows.n - at < CHUNK ? c->rows.n - at : CHUNK;
		double sum = 0;
		lstm_predict(c->m, dataset_row(c->rows.of, at), n, y);
		for (uint32_t r = 0; r < n; r++) {
			double d = (double)y[r] - (double)c->rows.of->y[at + r];
			sum += d * d;
		}
		c->part[i] = sum;
	}
}

double lstm_crew_mse(struct lstm_crew *c, const struct lstm *m, const struct dataset *of)
{
	if (!of)
		return (double)NAN;
	uint32_t n = parts_of(of->n_rows, CHUNK);
	double sum = 0;
	crew_start(c, m, (struct tape_rows){ of, NULL, of->n_rows });
	crew_run(c->threads < n ? c->threads : n, check_chunks, c);
	for (uint32_t i = 0; i < n; i++)
		sum += c->part[i];
	return sum / of->n_rows;
}
