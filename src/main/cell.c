#include "main/cell.h"

#include <string.h>

#include "base/text.h"
#include "ui/plain.h"

#define SHOWN_MAX 1024

void cell_add(struct text *t, const char *s, size_t len, unsigned columns, bool utf8)
{
	char scrubbed[SHOWN_MAX], shown[SHOWN_MAX];
	unsigned taken = 0;

	text_scrub(scrubbed, sizeof scrubbed, s, len);
	plain_text(shown, sizeof shown, scrubbed, utf8);
	len = strlen(shown);
	if (text_width(shown, len) > columns) {
		text_add(t, shown, text_fit(shown, len, columns - 1, &taken));
		text_add(t, "~", 1);
		taken++;
	} else {
		text_add(t, shown, len);
		taken = text_width(shown, len);
	}
	text_addf(t, "%*s", (int)(columns - taken) + 1, "");
}
