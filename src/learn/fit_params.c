#include "learn/fit_params.h"

#include <stdio.h>

#include "learn/fit_linear.h"

static const double penalties[] = { LINEAR_RIDGE, LINEAR_LASSO };
static const double strengths[] = { .001, .003, .01, .02, .05, .1, .2, .4, .7, 1 };

static const double trees[] = { 30, 60, 120, 240 };
static const double depths[] = { 4, 6, 8, 12, 16, 0 };
static const double leaves[] = { 5, 10, 20, 40, 80, 160 };
static const double tried[] = { 1 / 6., 1 / 3., 2 / 3., 1 };

static const double layers[] = { 1, 2 };
static const double hidden[] = { 8, 16, 32 };
static const double epochs[] = { 5, 15, 30 };
static const double rates[] = { .001, .003, .01 };

#define VALUES(v) v, sizeof (v) / sizeof *(v)

static const struct search_param linear_param[] = {
	[LINEAR_PENALTY] = { "penalty", LINEAR_PLAIN, VALUES(penalties) },
	[LINEAR_STRENGTH] = { "strength", 0, VALUES(strengths) },
};

static const struct search_param forest_param[] = {
	[FOREST_TREES] = { "trees", 60, VALUES(trees) },
	[FOREST_DEPTH] = { "depth", 0, VALUES(depths) },
	[FOREST_LEAF] = { "rows a leaf", 20, VALUES(leaves) },
	[FOREST_TRIED] = { "columns tried", 1 / 3., VALUES(tried) },
};

static const struct search_param network_param[] = {
	[NETWORK_LAYERS] = { "layers", 1, VALUES(layers) },
	[NETWORK_HIDDEN] = { "hidden", 16, VALUES(hidden) },
	[NETWORK_EPOCHS] = { "epochs", 15, VALUES(epochs) },
	[NETWORK_RATE] = { "rate", .003, VALUES(rates) },
};

const struct fit_params fit_params[FORECASTER_N] = {
	[FORECASTER_LINEAR] = { VALUES(linear_param) },
	[FORECASTER_FOREST] = { VALUES(forest_param) },
	[FORECASTER_LSTM] = { VALUES(network_param) },
};

void fit_params_standard(enum forecaster_kind kind, double *ret)
{
	for (uint32_t i = 0; i < fit_params[kind].n; i++)
		ret[i] = fit_params[kind].param[i].standard;
}

static void linear_text(const double *value, char *buf, size_t n)
{
	if (value[LINEAR_STRENGTH] > 0)
		snprintf(buf, n, "%s of strength %g", value[LINEAR_PENALTY] < LINEAR_LASSO ?
			"ridge" : "lasso", value[LINEAR_STRENGTH]);
	else
		snprintf(buf, n, "least squares");
}

static void forest_text(const double *value, char *buf, size_t n)
{
	char depth[24] = "any depth";
	if (value[FOREST_DEPTH] > 0)
		snprintf(depth, sizeof depth, "depth %g", value[FOREST_DEPTH]);
	snprintf(buf, n, "%g trees, %s, %g rows a leaf, %.3g of the columns a split",
		value[FOREST_TREES], depth, value[FOREST_LEAF], value[FOREST_TRIED]);
}

static void network_text(const double *value, char *buf, size_t n)
{
	snprintf(buf, n, "%g layer%s of %g, %g epochs, rate %g", value[NETWORK_LAYERS],
		value[NETWORK_LAYERS] > 1 ? "s" : "", value[NETWORK_HIDDEN],
		value[NETWORK_EPOCHS], value[NETWORK_RATE]);
}

static void (*const text[FORECASTER_N])(const double *value, char *buf, size_t n) = {
	[FORECASTER_LINEAR] = linear_text,
	[FORECASTER_FOREST] = forest_text,
	[FORECASTER_LSTM] = network_text,
};

void fit_params_text(enum forecaster_kind kind, const double *value, char *buf, size_t n)
{
	text[kind](value, buf, n);
}
