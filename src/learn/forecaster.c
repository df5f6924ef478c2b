#include "learn/forecaster.h"

#include <string.h>

#include "learn/fit_forest.h"
#include "learn/fit_linear.h"
#include "learn/fit_lstm.h"
#include "model/lstm.h"

static int new_lstm(void *ctx, const struct dataset *train, void **ret_model, struct err *e)
{
	/* The learning curve is written to the options; ctx stays as it is. */
	struct fit_lstm f = *(const struct fit_lstm *)ctx;
	struct lstm *l = NULL;
	f.curve = NULL;
	f.n_epochs = 0;
	int r = fit_lstm(&f, train, &l, e);
	fit_lstm_done(&f);
	*ret_model = l;
	return r;
}

static void predict_lstm(const void *model, const float *x, uint32_t n_rows, float *ret)
{
	lstm_predict(model, x, n_rows, ret);
}

static void free_lstm(void *model)
{
	lstm_free(model);
}

const struct forecaster_ops forecaster_forest = {
	"forest", fit_forest_new, fit_forest_predict, fit_forest_free, NULL
};
const struct forecaster_ops forecaster_lstm = {
	"lstm", new_lstm, predict_lstm, free_lstm, NULL
};

static const struct forecaster_ops *const forecasters[] = {
	&forecaster_linear, &forecaster_forest, &forecaster_lstm,
};

const struct forecaster_ops *forecaster_of(const char *name)
{
	for (size_t i = 0; i < sizeof forecasters / sizeof *forecasters; i++)
		if (!strcmp(forecasters[i]->name, name))
			return forecasters[i];
	return NULL;
}
