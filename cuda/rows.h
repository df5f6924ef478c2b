/* rows.h - rows and runs as they travel to the device: packed, and in the order of their runs. */
#ifndef CUDA_ROWS_H
#define CUDA_ROWS_H

#include "detect/backend.h"
#include "series/profile.h"

#include "device.h"

/* 32 bytes: one sector of memory a row. */
struct device_row {
	uint32_t category_flags;        /* category (low 24 bits), ROW_... (high 8) */
	uint32_t before, rows;
	float pi, pi_item;
	uint16_t tag, place;
	uint16_t time[4];               /* 48-bit signed ms; the last is unused */
};

struct device_run {
	uint32_t slot, first;
	uint32_t n;                     /* rows; RUN_CLOSES: its session is over */
	uint32_t quiet_n;
};

#define RUN_CLOSES UINT32_MAX

static inline HD uint32_t device_row_category(const struct device_row *r)
{
	return r->category_flags & (PROFILE_CATEGORIES - 1);
}

static inline HD uint32_t device_row_flags(const struct device_row *r)
{
	return r->category_flags >> 24;
}

static inline void device_row_pack(struct device_row *to, const struct row *r)
{
	to->category_flags = (r->category & (PROFILE_CATEGORIES - 1)) | (uint32_t)r->flags << 24;
	to->before = r->before;
	to->rows = r->rows;
	to->pi = r->pi;
	to->pi_item = r->pi_item;
	to->tag = r->tag;
	to->place = r->place;
	for (int i = 0; i < 3; i++)
		to->time[i] = (uint16_t)((uint64_t)r->time_ms >> 16 * i);
	to->time[3] = 0;
}

#endif
