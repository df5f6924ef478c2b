/* cpu.h - one source, compiled for several processors and chosen at start.
 *
 * A function marked MANY_CPUS exists twice on x86-64, plain and for AVX2; the same operations in
 * the same order, so the same bits. configure finds out whether the compiler can
 * (HAVE_TARGET_CLONES), which it cannot under sanitizers.
 */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#ifdef HAVE_TARGET_CLONES
#define MANY_CPUS __attribute__((target_clones("avx2", "default")))
#else
#define MANY_CPUS
#endif

/* Part of a MANY_CPUS function: compiled within it, for the same processor. Also for functions that
 * only prefetch, whose calls gcc 12 drops as having no effect when it does not inline them.
 */
#define PART_OF_MANY static inline __attribute__((always_inline))

/* Before a loop none of whose turns touches what another writes: spares the compiler its doubts,
 * which restrict does not where there are many pointers.
 */
#ifdef __clang__
#define EACH_ALONE _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_ALONE _Pragma("GCC ivdep")
#endif

#endif
