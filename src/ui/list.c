#include "ui/list.h"

#include "ui/ui.h"

uint32_t list_n(const struct ui *u)
{
	return u->live.list.n;
}

uint32_t list_at(const struct ui *u, uint32_t row)
{
	return u->live.list.n - 1 - row;
}

uint32_t list_row(const struct ui *u, uint32_t alert)
{
	return u->live.list.n - 1 - alert;
}
