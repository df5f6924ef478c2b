/* kernels.h - what runs on the device, and its launch on a stream.
 *
 * A step is one warp a run, then the verdicts are brought together in the order of runs (a scan
 * over how many each run gave). Pointers are the device's. Launches return at once; what goes wrong
 * later is told by the next wait. Owner: the thread of the stream.
 */
#ifndef CUDA_KERNELS_H
#define CUDA_KERNELS_H

#include <stdint.h>

#include "detect/backend.h"

#include "device.h"
#include "rows.h"

#define STATES_SHIFT 15         /* log2 of the slots of a block of states */
#define STATES_BLOCKS 8192u
#define TILE 1024u              /* runs whose verdicts a block of threads brings together */

/* Slot i is in block i >> STATES_SHIFT; channels that do not speak have no blocks. */
struct states {
	struct mixture **mixture;
	struct learned **learned;
};

struct step_args {
	struct states states;
	const struct rules *rules;
	const struct device_row *row;
	const struct device_run *run;
	uint32_t first_run, end_run;
	enum step_mode mode;
	uint32_t *n_given;              /* by run */
	struct verdict *given;          /* of run i: from i + its first row on */
};

struct verdicts {
	uint32_t n, unused[3];
	struct verdict v[];
};

struct gather_args {
	const struct device_run *run;
	uint32_t n_runs;
	const uint32_t *n_given;
	const struct verdict *given;
	uint32_t *tile;                 /* what the tiles gave, then where theirs begin */
	struct verdicts *to;
};

/* Slots from first to end become as new. */
struct reset_args {
	struct states states;
	uint32_t first, end;
};

/* States between their slots and arrays of n. */
struct move_args {
	struct states states;
	const uint32_t *slot;
	uint32_t n;
	struct mixture *mixture;
	struct learned *learned;
	uint32_t saves;                 /* else loads */
};

#ifdef __cplusplus
extern "C" {
#endif
cudaError_t kernels_step(struct step_args a, cudaStream_t s);
cudaError_t kernels_gather(struct gather_args a, cudaStream_t s);
cudaError_t kernels_reset(struct reset_args a, cudaStream_t s);
cudaError_t kernels_move(struct move_args a, cudaStream_t s);
#ifdef __cplusplus
}
#endif

#endif
