/* hd.h - HD marks a function that is compiled for the host, and by CUDA for a device too.
 */
#ifndef BASE_HD_H
#define BASE_HD_H

#ifdef __CUDACC__
#define HD __host__ __device__
#else
#define HD
#endif

#endif
