/* shim_fibre.h - tells the sanitizers that a thread goes on on another stack. Nothing without them.
 */
#ifndef CUDA_SHIM_FIBRE_H
#define CUDA_SHIM_FIBRE_H

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#ifdef __has_feature
#define FIBRE_HAS(x) __has_feature(x)
#else
#define FIBRE_HAS(x) 0
#endif
#if defined __SANITIZE_ADDRESS__ || FIBRE_HAS(address_sanitizer)
#define FIBRE_ADDRESS 1
#else
#define FIBRE_ADDRESS 0
#endif
#if defined __SANITIZE_THREAD__ || FIBRE_HAS(thread_sanitizer)
#define FIBRE_THREAD 1
#else
#define FIBRE_THREAD 0
#endif

/* Where a fibre goes on. Without sanitizers, which know swapcontext(), the switch leaves the signal
 * mask alone: two system calls less, and a meeting of lanes is little else.
 */
struct fibre_at {
	ucontext_t context;
	void *jump[5];
	bool runs;              /* it has been started */
};

static __attribute__((noinline)) void fibre_switch(struct fibre_at *from, struct fibre_at *to)
{
	bool first = !to->runs;
	to->runs = true;
	from->runs = true;
	if (FIBRE_ADDRESS || FIBRE_THREAD) {
		swapcontext(&from->context, &to->context);
		return;
	}
	if (__builtin_setjmp(from->jump))
		return;
	if (first)
		setcontext(&to->context);
	__builtin_longjmp(to->jump, 1);
}

struct fibre_tools {
	void *fake;             /* address: the fake stack */
	const void *stack;
	size_t stack_bytes;
	void *fibre;            /* thread */
};

#if FIBRE_ADDRESS
void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t bytes);
void __sanitizer_finish_switch_fiber(void *fake, const void **bottom_old, size_t *bytes_old);
#endif
#if FIBRE_THREAD
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fibre);
void __tsan_switch_to_fiber(void *fibre, unsigned flags);
#endif

static inline void fibre_tools_init(struct fibre_tools *t, const void *stack, size_t bytes)
{
	*t = (struct fibre_tools){ .stack = stack, .stack_bytes = bytes };
#if FIBRE_THREAD
	t->fibre = __tsan_create_fiber(0);
#endif
}

static inline void fibre_tools_done(struct fibre_tools *t)
{
#if FIBRE_THREAD
	__tsan_destroy_fiber(t->fibre);
#endif
	*t = (struct fibre_tools){0};
}

/* Of the thread's own stack: its bounds are learnt when the first fibre comes. */
static inline void fibre_tools_here(struct fibre_tools *t)
{
	*t = (struct fibre_tools){0};
#if FIBRE_THREAD
	t->fibre = __tsan_get_current_fiber();
#elif FIBRE_ADDRESS
	__sanitizer_start_switch_fiber(&t->fake, t, sizeof *t);
	__sanitizer_finish_switch_fiber(t->fake, &t->stack, &t->stack_bytes);
	t->fake = NULL;
#endif
}

/* Before and after a switch; a fibre that leaves gives its fake stack up. */
static inline void fibre_goes(struct fibre_tools *from, const struct fibre_tools *to, bool leaves)
{
#if FIBRE_ADDRESS
	__sanitizer_start_switch_fiber(leaves ? NULL : &from->fake, to->stack, to->stack_bytes);
#endif
#if FIBRE_THREAD
	__tsan_switch_to_fiber(to->fibre, 0);
#endif
	(void)from;
	(void)to;
	(void)leaves;
}

static inline void fibre_came(struct fibre_tools *here)
{
#if FIBRE_ADDRESS
	__sanitizer_finish_switch_fiber(here->fake, NULL, NULL);
#endif
	(void)here;
}

#endif
