/* evaluate_print.h - an evaluation for people (a table and a plot) and for programs (csv, jsonl).
 *
 * Plain text of at most 80 columns, without escapes. Owner: main.
 */
#ifndef MAIN_EVALUATE_PRINT_H
#define MAIN_EVALUATE_PRINT_H

#include <stdio.h>

struct budget_list;
struct evaluation;

void evaluate_print_csv(const struct evaluation *v, FILE *to);
void evaluate_print_jsonl(const struct evaluation *v, FILE *to);
void evaluate_print_table(const struct evaluation *v, FILE *to);
/* Recall against budget; nothing when there is one budget only. */
void evaluate_print_plot(const struct evaluation *v, const struct budget_list *l, FILE *to);

#endif
