/* The table of trees against a recursive walk in doubles; damaged bytes; the small form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/chance.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "model/forest.h"
#include "model/forest_small.h"

#define COLUMNS 7u
#define ROWS 2100u      /* two blocks and a rest */
#define TREES 21u
#define DEPTH 12u
#define NODES (1u << 16)

/* A random tree whose children lie behind the nodes of other branches. */
static void plant(struct forest *f, struct chance *c, uint32_t i, uint32_t depth)
{
	if (depth == 0 || chance_is(c, .15)) {
		f->node[i] = (struct forest_node){ (float)chance_normal(chance_next(c)), 0 };
		return;
	}
	uint32_t left = f->n_nodes;
	f->n_nodes += 2;
	assert_true(f->n_nodes <= NODES);
	f->node[i] = (struct forest_node){ (float)chance_below(c, 50) / 10 - 2.5f,
		(left - i) << FOREST_COLUMN_BITS | chance_below(c, COLUMNS) };
	plant(f, c, left + 1, depth - 1);
	plant(f, c, left, depth - 1);
}

static void make_forest(struct forest *f, uint32_t n_trees, uint32_t depth)
{
	struct chance c = { 5 };
	struct err e = {0};
	assert_int_equal(forest_init(f, COLUMNS, n_trees, NODES, &e), 0);
	f->n_nodes = 0;
	for (uint32_t t = 0; t < n_trees; t++) {
		f->root[t] = f->n_nodes++;
		plant(f, &c, f->root[t], depth);
	}
	f->root[n_trees] = f->n_nodes;
}

/* Values on the thresholds, between them, NaN and infinite. */
static float *make_rows(void)
{
	struct chance c = { 4 };
	float *x = mem_get(ROWS, COLUMNS * sizeof *x);
	assert_non_null(x);
	for (uint32_t i = 0; i < ROWS * COLUMNS; i++) {
		x[i] = (float)chance_below(&c, 100) / 20 - 2.5f;
		if (chance_is(&c, .03))
			x[i] = chance_is(&c, .5) ? NAN : chance_is(&c, .5) ? INFINITY : -INFINITY;
	}
	return x;
}

static double walk(const struct forest *f, uint32_t i, const float *x)
{
	const struct forest_node n = f->node[i];
	if (n.link == 0)
		return (double)n.at;
	double v = (double)x[n.link % (1 << FOREST_COLUMN_BITS)];
	uint32_t left = i + n.link / (1 << FOREST_COLUMN_BITS);
	return walk(f, isnan(v) || v <= (double)n.at ? left : left + 1, x);
}

static float slow_predict(const struct forest *f, const float *x)
{
	double sum = 0;
	for (uint32_t t = 0; t < f->n_trees; t++)
		sum += walk(f, f->root[t], x);
	return (float)(sum / f->n_trees);
}

static void as_the_recursive_walk(void **state)
{
	(void)state;
	struct forest f;
	float *x = make_rows(), y[ROWS];
	make_forest(&f, TREES, DEPTH);
	forest_predict(&f, x, ROWS, y);
	for (uint32_t i = 0; i < ROWS; i++)
		assert_true(y[i] == slow_predict(&f, x + i * COLUMNS));
	mem_free(x);
	forest_done(&f);
}

static void the_same_bits_in_every_batch(void **state)
{
	(void)state;
	static const uint32_t batch[] = { 1, 3, 7, 8, 9, 250, 1024, 1025, 2000 };
	struct forest f;
	struct forest_small s;
	struct err e = {0};
	float *x = make_rows(), all[ROWS], y[ROWS], small[ROWS];
	make_forest(&f, TREES, DEPTH);
	assert_int_equal(forest_small_init(&s, &f, &e), 0);
	forest_predict(&f, x, ROWS, all);
	forest_small_predict(&s, x, ROWS, small);
	for (size_t b = 0; b < sizeof batch / sizeof *batch; b++) {
		for (uint32_t i = 0; i < ROWS; i += batch[b])
			forest_predict(&f, x + i * COLUMNS,
				ROWS - i < batch[b] ? ROWS - i : batch[b], y + i);
		assert_memory_equal(y, all, sizeof y);
		for (uint32_t i = 0; i < ROWS; i += batch[b])
			forest_small_predict(&s, x + i * COLUMNS,
				ROWS - i < batch[b] ? ROWS - i : batch[b], y + i);
		assert_memory_equal(y, small, sizeof y);
	}
	mem_free(x);
	forest_small_done(&s);
	forest_done(&f);
}

static void nan_goes_left(void **state)
{
	(void)state;
	struct forest f;
	struct err e = {0};
	float x[3] = { NAN, -INFINITY, -1e30f }, y[3];
	assert_int_equal(forest_init(&f, 1, 1, 3, &e), 0);
	f.root[1] = 3;
	f.node[0] = (struct forest_node){ -INFINITY, 1 << FOREST_COLUMN_BITS };
	f.node[1].at = 5;
	f.node[2].at = 6;
	forest_predict(&f, x, 3, y);
	assert_true(y[0] == 5 && y[1] == 5 && y[2] == 6);
	forest_done(&f);
}

typedef void (*packing)(const void *of, struct packer *p);

static char *packed(packing how, const void *of, size_t *ret_len)
{
	struct packer p = {0};
	how(of, &p);
	char *bytes = mem_get(p.len, 1);
	assert_non_null(bytes);
	p = (struct packer){ bytes, 0, p.len };
	how(of, &p);
	assert_int_equal(p.len, p.cap);
	*ret_len = p.len;
	return bytes;
}

static void pack_forest(const void *of, struct packer *p)
{
	forest_pack(of, p);
}

static void pack_small(const void *of, struct packer *p)
{
	forest_small_pack(of, p);
}

static void what_is_packed_comes_back(void **state)
{
	(void)state;
	struct forest f, g;
	struct err e = {0};
	size_t len;
	make_forest(&f, TREES, DEPTH);
	char *bytes = packed(pack_forest, &f, &len);
	struct unpacker u = { bytes, bytes + len };
	assert_int_equal(forest_unpack(&g, &u, &e), 0);
	assert_ptr_equal(u.at, u.end);
	assert_true(g.n_trees == f.n_trees && g.n_nodes == f.n_nodes);
	assert_true(g.n_columns == f.n_columns);
	assert_memory_equal(g.root, f.root, (f.n_trees + 1) * sizeof *f.root);
	assert_memory_equal(g.node, f.node, f.n_nodes * sizeof *f.node);
	mem_free(bytes);
	forest_done(&f);
	forest_done(&g);
}

/* A damaged forest is refused, or every row still finds a leaf in it (the sanitizers watch). */
static uint32_t try_damaged(const char *bytes, size_t len, const float *x)
{
	struct forest f;
	struct err e = {0};
	float y[40];
	struct unpacker u = { bytes, bytes + len };
	if (forest_unpack(&f, &u, &e) < 0) {
		assert_int_equal(e.code, -EBADMSG);
		assert_null(f.node);
		return 0;
	}
	if (f.n_columns <= COLUMNS) {
		forest_predict(&f, x, 40, y);
		for (uint32_t i = 0; i < 40; i++)
			assert_true(isfinite(y[i]));
	}
	forest_done(&f);
	return 1;
}

static void rounded_ones_come_back(void **state)
{
	static const double nodes[PRECISION_N] = { 8, 6, 4 };   /* bytes of each */
	float *x = make_rows(), a[ROWS], b[ROWS];
	struct err e = {0};
	(void)state;
	for (int as = 0; as < PRECISION_N; as++) {
		struct forest f, g;
		size_t len, again;
		make_forest(&f, TREES, DEPTH);
		forest_predict(&f, x, ROWS, a);
		assert_int_equal(forest_round(&f, (enum precision)as, &e), 0);
		forest_predict(&f, x, ROWS, b);
		assert_true((as > 0) == (memcmp(a, b, sizeof a) != 0));
		char *bytes = packed(pack_forest, &f, &len);
		assert_true((double)len >= nodes[as] * f.n_nodes);
		assert_true((double)len < (nodes[as] + 1) * f.n_nodes);
		struct unpacker u = { bytes, bytes + len };
		assert_int_equal(forest_unpack(&g, &u, &e), 0);
		assert_true(u.at == u.end && (int)g.precision == as);
		assert_memory_equal(g.node, f.node, f.n_nodes * sizeof *f.node);
		char *same = packed(pack_forest, &g, &again);
		assert_int_equal(len, again);
		assert_memory_equal(bytes, same, len);
		mem_free(bytes);
		mem_free(same);
		forest_done(&f);
		forest_done(&g);
	}
	mem_free(x);
}

static void damaged_bytes_do_no_harm(void **state)
{
	(void)state;
	struct forest f;
	size_t len;
	struct err e = {0};
	float *x = make_rows();
	uint32_t taken = 0, n = 0;
	make_forest(&f, 5, 5);
	for (int as = 1; as < PRECISION_N; as++) {
		struct forest g;
		make_forest(&g, 5, 5);
		assert_int_equal(forest_round(&g, (enum precision)as, &e), 0);
		char *small = packed(pack_forest, &g, &len);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(try_damaged(small, cut, x), 0);
		for (size_t i = 0; i < len; i++) {
			small[i] = (char)~small[i];
			try_damaged(small, len, x);
			small[i] = (char)~small[i];
		}
		/* The first root's threshold is number 255: no column has so many. */
		small[len - g.n_nodes * sizeof(struct forest_small_node)] = (char)255;
		assert_int_equal(as == PRECISION_INT8 && try_damaged(small, len, x), 0);
		mem_free(small);
		forest_done(&g);
	}
	char *bytes = packed(pack_forest, &f, &len);
	assert_int_equal(try_damaged(bytes, len, x), 1);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(try_damaged(bytes, cut, x), 0);
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 0; bit < 8; bit++, n++) {
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
			taken += try_damaged(bytes, len, x);
			bytes[i] = (char)(bytes[i] ^ 1 << bit);
		}
	assert_in_range(taken, n / 4, n - 200);
	mem_free(bytes);
	mem_free(x);
	forest_done(&f);
}

/* Packs f as it is, and says whether it is taken. */
static bool is_taken(const struct forest *f)
{
	size_t len;
	char *bytes = packed(pack_forest, f, &len);
	float *x = make_rows();
	bool is = try_damaged(bytes, len, x);
	mem_free(bytes);
	mem_free(x);
	return is;
}

static void each_rule_is_checked(void **state)
{
	(void)state;
	struct forest f;
	make_forest(&f, 3, 4);
	uint32_t last = f.root[1] - 1;
	while (f.node[last].link != 0)
		last--;
	struct forest_node root = f.node[0], leaf = f.node[last];
	assert_true(root.link != 0 && leaf.link == 0 && is_taken(&f));
	f.node[last].link = (f.root[1] - last) << FOREST_COLUMN_BITS;   /* into the next tree */
	assert_false(is_taken(&f));
	f.node[last].link = 1;                                  /* a column, no child */
	assert_false(is_taken(&f));
	f.node[last] = (struct forest_node){ INFINITY, 0 };
	assert_false(is_taken(&f));
	f.node[last] = leaf;
	f.node[0].link = f.root[1] << FOREST_COLUMN_BITS;
	assert_false(is_taken(&f));
	f.node[0].link = (f.root[1] - 1) << FOREST_COLUMN_BITS; /* the right child is outside */
	assert_false(is_taken(&f));
	f.node[0].link = (root.link & ~(FOREST_COLUMNS_MAX - 1)) | COLUMNS;
	assert_false(is_taken(&f));
	f.node[0] = (struct forest_node){ NAN, root.link };
	assert_false(is_taken(&f));
	f.node[0] = root;
	f.root[2] = f.root[1];                                  /* an empty tree */
	assert_false(is_taken(&f));
	f.root[2] = f.n_nodes + 1;
	assert_false(is_taken(&f));
	forest_done(&f);
}

static void small_rounds_only_leaves(void **state)
{
	(void)state;
	struct forest f;
	struct forest_small s;
	struct err e = {0};
	float *x = make_rows(), a[ROWS], b[ROWS];
	double max = 0, sum = 0;
	make_forest(&f, TREES, DEPTH);
	assert_int_equal(forest_small_init(&s, &f, &e), 0);
	struct forest_loss loss = forest_small_loss(&s, &f, x, ROWS);
	forest_predict(&f, x, ROWS, a);
	forest_small_predict(&s, x, ROWS, b);
	for (uint32_t i = 0; i < ROWS; i++) {
		double d = fabs((double)a[i] - (double)b[i]);
		max = fmax(max, d);
		sum += d * d;
	}
	assert_true(loss.max == max && loss.max > 0);
	assert_true(fabs(loss.rms - sqrt(sum / ROWS)) < 1e-12);
	assert_true(loss.max <= s.step / 2 + 1e-6);
	mem_free(x);
	forest_small_done(&s);
	forest_done(&f);
}

static void small_has_limits(void **state)
{
	(void)state;
	struct forest f, g;
	struct forest_small s;
	struct err e = {0};
	make_forest(&f, 1, 3);
	f.n_columns = FOREST_SMALL_COLUMNS_MAX + 1;
	assert_int_equal(forest_small_init(&s, &f, &e), -ERANGE);
	forest_done(&f);
	assert_int_equal(forest_init(&g, 1, 256, 768, &e), 0);
	for (uint32_t t = 0; t < 256; t++) {
		g.root[t + 1] = 3 * t + 3;
		g.node[3 * t] = (struct forest_node){ (float)(t * 37 % 256),
			1 << FOREST_COLUMN_BITS };
	}
	assert_int_equal(forest_small_init(&s, &g, &e), -ERANGE);
	g.node[0].at = 37;                              /* 255 thresholds are not too many */
	assert_int_equal(forest_small_init(&s, &g, &e), 0);
	assert_int_equal(s.bins.n_cuts[0], 255);
	forest_small_done(&s);
	forest_done(&g);
}

static uint32_t try_small(const char *bytes, size_t len, const float *x)
{
	struct forest_small s;
	struct err e = {0};
	float y[40];
	struct unpacker u = { bytes, bytes + len };
	if (forest_small_unpack(&s, &u, &e) < 0) {
		assert_null(s.node);
		return 0;
	}
	if (s.bins.n_columns <= COLUMNS)
		forest_small_predict(&s, x, 40, y);
	forest_small_done(&s);
	return 1;
}

static void small_survives_its_file(void **state)
{
	(void)state;
	struct forest f;
	struct forest_small s, back;
	struct err e = {0};
	size_t len;
	float *x = make_rows(), a[ROWS], b[ROWS];
	make_forest(&f, 5, 5);
	assert_int_equal(forest_small_init(&s, &f, &e), 0);
	char *bytes = packed(pack_small, &s, &len);
	struct unpacker u = { bytes, bytes + len };
	assert_int_equal(forest_small_unpack(&back, &u, &e), 0);
	forest_small_predict(&s, x, ROWS, a);
	forest_small_predict(&back, x, ROWS, b);
	assert_memory_equal(a, b, sizeof a);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(try_small(bytes, cut, x), 0);
	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
		try_small(bytes, len, x);
		bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
	}
	mem_free(bytes);
	mem_free(x);
	forest_small_done(&s);
	forest_small_done(&back);
	forest_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_recursive_walk),
		cmocka_unit_test(the_same_bits_in_every_batch),
		cmocka_unit_test(nan_goes_left),
		cmocka_unit_test(what_is_packed_comes_back),
		cmocka_unit_test(rounded_ones_come_back),
		cmocka_unit_test(damaged_bytes_do_no_harm),
		cmocka_unit_test(each_rule_is_checked),
		cmocka_unit_test(small_rounds_only_leaves),
		cmocka_unit_test(small_has_limits),
		cmocka_unit_test(small_survives_its_file),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
