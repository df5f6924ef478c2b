/* Any bytes are either refused with a reason, or a model that can be used and written again. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "model/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct model m, again;
	struct err e = {0};
	void *blob = NULL;
	size_t blob_len = 0;
	int code = model_from_blob(&m, data, len, &e);

	if (code < 0) {
		if (e.code != code || !e.text[0])
			abort();
		return 0;
	}
	for (int c = 0; c < CHANNEL_N; c++)
		if (isnan(m.threshold[c]) ||
		    model_severity(model_far(&m, (enum channel)c, m.threshold[c])) > 100)
			abort();
	if (model_to_blob(&m, &blob, &blob_len, &e) == 0) {
		if (model_from_blob(&again, blob, blob_len, &e) < 0 || again.hash != m.hash)
			abort();
		model_done(&again);
	}
	mem_free(blob);
	model_done(&m);
	return 0;
}
