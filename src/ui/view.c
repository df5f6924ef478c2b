#include "ui/view.h"

const struct view *const view_table[VIEW_N] = {
	[VIEW_LIVE] = &view_live, [VIEW_USER] = &view_user,
	[VIEW_POPULATION] = &view_population, [VIEW_USERS] = &view_users, [VIEW_HELP] = &view_help,
	[VIEW_SQL] = &view_sql, [VIEW_SYSTEM] = &view_system,
};

unsigned view_scroll(unsigned top, unsigned cursor, unsigned page, unsigned n)
{
	if (!page || n <= page)
		return 0;
	if (cursor < top)
		top = cursor;
	if (cursor >= top + page)
		top = cursor - page + 1;
	return top > n - page ? n - page : top;
}

int view_clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

unsigned view_step(enum move how, unsigned at, unsigned page, unsigned n)
{
	unsigned last = n ? n - 1 : 0;
	unsigned by = how == MOVE_PAGE_DOWN || how == MOVE_PAGE_UP ? (page > 1 ? page - 1 : 1) : 1;

	switch (how) {
	case MOVE_FIRST:
		return 0;
	case MOVE_LAST:
		return last;
	case MOVE_UP:
	case MOVE_PAGE_UP:
		return at > by ? at - by : 0;
	default:
		return at + by < last ? at + by : last;
	}
}
