#include "model/forest_small.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "model/forest.h"

#define CODE_MAX 65535.
#define LANES 8u
#define BLOCK 256u              /* rows whose bins are at hand at once */

static int room(struct forest_small *s, uint32_t n_columns, uint32_t n_trees, uint32_t n_nodes,
	struct err *e)
{
	*s = (struct forest_small){ .n_trees = n_trees, .n_nodes = n_nodes };
	if (bins_init(&s->bins, n_columns, e) < 0)
		return e->code;
	s->node = mem_get(n_nodes ? n_nodes : 1, sizeof *s->node);
	s->root = mem_get((size_t)n_trees + 1, sizeof *s->root);
	if (s->node && s->root)
		return 0;
	forest_small_done(s);
	return err_set(e, -ENOMEM, "could not keep a forest of %u nodes: out of memory", n_nodes);
}

void forest_small_done(struct forest_small *s)
{
	bins_done(&s->bins);
	mem_free(s->node);
	mem_free(s->root);
	*s = (struct forest_small){0};
}

/* Keeps the cuts of a column ascending and different; false: there are too many. */
static bool add_cut(struct bins *b, uint32_t column, float at)
{
	float *cut = b->cut + (uint64_t)column * BINS_CUTS;
	uint32_t n = b->n_cuts[column], place = bins_find(cut, at);
	if (place < n && cut[place] == at)
		return true;
	if (n == BINS_CUTS)
		return false;
	for (uint32_t i = n; i > place; i--)
		cut[i] = cut[i - 1];
	cut[place] = at;
	b->n_cuts[column]++;
	return true;
}

static bool take_cuts(struct forest_small *s, const struct forest *f)
{
	for (uint32_t i = 0; i < f->n_nodes; i++)
		if (f->node[i].link && (forest_left(f->node[i]) > UINT16_MAX ||
			!add_cut(&s->bins, forest_column(f->node[i]), f->node[i].at)))
			return false;
	return true;
}

static void take_range(struct forest_small *s, const struct forest *f)
{
	double low = INFINITY, high = -INFINITY;
	for (uint32_t i = 0; i < f->n_nodes; i++)
		if (!f->node[i].link) {
			low = fmin(low, (double)f->node[i].at);
			high = fmax(high, (double)f->node[i].at);
		}
	s->low = low;
	s->step = (high - low) / CODE_MAX;
}

static struct forest_small_node small_of(const struct forest_small *s, struct forest_node n)
{
	uint32_t column = forest_column(n);
	if (!n.link) {
		double code = s->step > 0 ? rint(((double)n.at - s->low) / s->step) : 0;
		return (struct forest_small_node){ (uint16_t)fmin(code, CODE_MAX), 0 };
	}
	uint32_t bin = bins_find(bins_cuts(&s->bins, column), n.at);
	return (struct forest_small_node){ (uint16_t)(column << 8 | bin),
		(uint16_t)forest_left(n) };
}

int forest_small_init(struct forest_small *s, const struct forest *f, struct err *e)
{
	*s = (struct forest_small){0};
	if (f->n_columns > FOREST_SMALL_COLUMNS_MAX)
		return err_set(e, -ERANGE, "could not make the forest small: more than %u columns",
			FOREST_SMALL_COLUMNS_MAX);
	if (room(s, f->n_columns, f->n_trees, f->n_nodes, e) < 0)
		return e->code;
	if (!take_cuts(s, f)) {
		forest_small_done(s);
		return err_set(e, -ERANGE,
			"could not make the forest small: too many thresholds or nodes");
	}
	take_range(s, f);
	for (uint32_t i = 0; i < f->n_nodes; i++)
		s->node[i] = small_of(s, f->node[i]);
	for (uint32_t t = 0; t <= f->n_trees; t++)
		s->root[t] = f->root[t];
	return 0;
}

/* A lane at its leaf looks at any of 256 columns, and stays. */
static void walk_lanes(const struct forest_small_node *at[LANES], const uint8_t *const bin[LANES])
{
	uint32_t moved;
	do {
		moved = 0;
		for (uint32_t l = 0; l < LANES; l++) {
			struct forest_small_node n = *at[l];
			at[l] += n.left + ((n.left != 0) & (bin[l][n.what >> 8] > (n.what & 255)));
			moved |= n.left;
		}
	} while (moved);
}

static void predict_block(const struct forest_small *s, const float *x, uint32_t n, float *ret_y)
{
	uint8_t bin[BLOCK][FOREST_SMALL_COLUMNS_MAX] = {0};
	uint64_t sum[BLOCK] = {0};
	for (uint32_t i = 0; i < n; i++)
		bins_row(&s->bins, x + (uint64_t)i * s->bins.n_columns, bin[i]);
	for (uint32_t t = 0; t < s->n_trees; t++)
		for (uint32_t i = 0; i < n; i += LANES) {
			const struct forest_small_node *at[LANES];
			const uint8_t *row[LANES];
			for (uint32_t l = 0; l < LANES; l++) {
				at[l] = s->node + s->root[t];
				row[l] = bin[i + l < n ? i + l : i];
			}
			walk_lanes(at, row);
			for (uint32_t l = 0; l < LANES && i + l < n; l++)
				sum[i + l] += at[l]->what;
		}
	for (uint32_t i = 0; i < n; i++)
		ret_y[i] = (float)(s->low + s->step * ((double)sum[i] / s->n_trees));
}

void forest_small_predict(const struct forest_small *s, const float *x, uint32_t n_rows,
	float *ret_y)
{
	for (uint32_t i = 0, n; i < n_rows; i += n) {
		n = n_rows - i < BLOCK ? n_rows - i : BLOCK;
		predict_block(s, x + (uint64_t)i * s->bins.n_columns, n, ret_y + i);
	}
}

struct forest_loss forest_small_loss(const struct forest_small *s, const struct forest *f,
	const float *x, uint32_t n_rows)
{
	struct forest_loss loss = {0};
	float a[BLOCK], b[BLOCK];
	for (uint32_t i = 0, n; i < n_rows; i += n) {
		const float *at = x + (uint64_t)i * f->n_columns;
		n = n_rows - i < BLOCK ? n_rows - i : BLOCK;
		forest_predict(f, at, n, a);
		forest_small_predict(s, at, n, b);
		for (uint32_t k = 0; k < n; k++) {
			double d = fabs((double)a[k] - (double)b[k]);
			loss.max = fmax(loss.max, d);
			loss.rms += d * d;
		}
	}
	loss.rms = n_rows ? sqrt(loss.rms / n_rows) : 0;
	return loss;
}

int forest_small_expand(const struct forest_small *s, struct forest *ret, struct err *e)
{
	if (forest_init(ret, s->bins.n_columns, s->n_trees, s->n_nodes, e) < 0)
		return e->code;
	memcpy(ret->root, s->root, ((size_t)s->n_trees + 1) * sizeof *s->root);
	for (uint32_t i = 0; i < s->n_nodes; i++) {
		struct forest_small_node n = s->node[i];
		uint32_t column = n.what >> 8;
		ret->node[i] = n.left ?
			(struct forest_node){ bins_cuts(&s->bins, column)[n.what & 255],
				(uint32_t)n.left << FOREST_COLUMN_BITS | column } :
			(struct forest_node){ (float)(s->low + s->step * n.what), 0 };
	}
	return 0;
}

void forest_small_pack(const struct forest_small *s, struct packer *p)
{
	pack_u32(p, FOREST_SMALL_MAGIC);
	pack_u32(p, s->bins.n_columns);
	pack_u32(p, s->n_trees);
	pack_u32(p, s->n_nodes);
	pack(p, &s->low, sizeof s->low);
	pack(p, &s->step, sizeof s->step);
	for (uint32_t c = 0; c < s->bins.n_columns; c++) {
		pack_u32(p, s->bins.n_cuts[c]);
		pack(p, bins_cuts(&s->bins, c), s->bins.n_cuts[c] * sizeof *s->bins.cut);
	}
	pack(p, s->root, ((size_t)s->n_trees + 1) * sizeof *s->root);
	pack(p, s->node, (size_t)s->n_nodes * sizeof *s->node);
}

static bool unpack_cuts(struct bins *b, struct unpacker *u)
{
	for (uint32_t c = 0, n; c < b->n_columns; c++) {
		float *cut = b->cut + (uint64_t)c * BINS_CUTS;
		if (unpack_u32(u, &n) < 0 || n > BINS_CUTS ||
			unpack_to(u, cut, n * sizeof *cut) < 0)
			return false;
		for (uint32_t i = 0; i < n; i++)
			if (isnan(cut[i]) || (i > 0 && !(cut[i] > cut[i - 1])))
				return false;
		b->n_cuts[c] = (uint16_t)n;
	}
	return true;
}

/* As in a forest: every way ends, within its tree; and a split has a threshold. */
static bool is_tree(const struct forest_small *s, uint32_t from, uint32_t end)
{
	for (uint32_t i = from; i < end; i++) {
		struct forest_small_node n = s->node[i];
		if (n.left && (n.left >= end - i - 1 || n.what >> 8 >= (int)s->bins.n_columns ||
			(n.what & 255) >= s->bins.n_cuts[n.what >> 8]))
			return false;
	}
	return true;
}

static bool is_sound(const struct forest_small *s)
{
	if (!isfinite(s->low) || !isfinite(s->step) || s->root[0] != 0 ||
		s->root[s->n_trees] != s->n_nodes)
		return false;
	for (uint32_t t = 0; t < s->n_trees; t++)
		if (s->root[t] >= s->root[t + 1] || s->root[t + 1] > s->n_nodes ||
			!is_tree(s, s->root[t], s->root[t + 1]))
			return false;
	return true;
}

int forest_small_unpack(struct forest_small *s, struct unpacker *u, struct err *e)
{
	uint32_t head[4];
	*s = (struct forest_small){0};
	if (unpack_to(u, head, sizeof head) < 0 || head[0] != FOREST_SMALL_MAGIC || head[1] == 0 ||
		head[1] > FOREST_SMALL_COLUMNS_MAX || head[2] == 0 || head[2] > head[3] ||
		head[3] > (size_t)(u->end - u->at) / sizeof *s->node)
		return err_set(e, -EBADMSG, "could not read a small forest: its head is damaged");
	if (room(s, head[1], head[2], head[3], e) < 0)
		return e->code;
	if (unpack_to(u, &s->low, sizeof s->low) == 0 &&
		unpack_to(u, &s->step, sizeof s->step) == 0 && unpack_cuts(&s->bins, u) &&
		unpack_to(u, s->root, ((size_t)s->n_trees + 1) * sizeof *s->root) == 0 &&
		unpack_to(u, s->node, (size_t)s->n_nodes * sizeof *s->node) == 0 && is_sound(s))
		return 0;
	forest_small_done(s);
	return err_set(e, -EBADMSG, "could not read a small forest: its tables are damaged");
}
