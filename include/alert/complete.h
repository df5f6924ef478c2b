/* complete.h - what a half-typed word of SQL may become: keywords, functions, tables and columns.
 *
 * After FROM and JOIN tables; behind "name." the columns of that table or alias; else those of
 * the tables that the statement names, or of all when it names none, then functions, keywords and
 * tables; behind a value keywords alone. Keywords follow the case in which the word was begun.
 * Pure; any thread.
 */
#ifndef ALERT_COMPLETE_H
#define ALERT_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPLETE_MAX 64
#define COMPLETE_TEXT_MAX 64

struct complete_word {
	char text[COMPLETE_TEXT_MAX];
	int table;              /* of a column: the table's index in the words; -1: it is a table */
};

struct complete_words {
	struct complete_word *word;     /* owned: complete_done() */
	uint32_t n, cap;
};

struct completion {
	size_t from;            /* byte at which the word begins */
	unsigned n;
	char choice[COMPLETE_MAX][COMPLETE_TEXT_MAX];
	size_t common;          /* bytes that all choices share, without regard to case */
};

void complete_done(struct complete_words *w);
/* False: no memory. Returns the index through ret, when that is not NULL. */
bool complete_add(struct complete_words *w, const char *text, int table, int *ret);
/* The choices for the word that ends at caret. */
void complete_find(const struct complete_words *w, const char *sql, size_t caret,
	struct completion *ret);

#endif
