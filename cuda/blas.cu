#include "blas.h"

#include "host.h"

int blas_open(struct blas *b, cudaStream_t s, struct err *e)
{
	char text[256];
	if (b->handle)
		return 0;
	if (!blas_find(&b->calls, text, sizeof text))
		return fail(e, -ENOTSUP, "no networks on the device: %s", text);
	if (b->calls.create(&b->handle) != 0) {
		b->handle = NULL;
		return fail(e, -EIO, "could not start cuBLAS on the device");
	}
	if (b->calls.set_stream(b->handle, s) == 0)
		return 0;
	blas_close(b);
	return fail(e, -EIO, "could not give cuBLAS its stream");
}

void blas_close(struct blas *b)
{
	if (b->handle)
		b->calls.destroy(b->handle);
	b->handle = NULL;
}

/* cuBLAS keeps columns together: it sees all three matrices turned, and C turned is B turned times
 * A turned.
 */
cudaError_t blas_multiply(const struct blas *b, const struct product *p)
{
	const float none = 0;
	int r = b->calls.sgemm(b->handle, p->b_turned, p->a_turned, (int)p->n, (int)p->m,
		(int)p->k, &p->by, p->b, (int)p->b_step, p->a, (int)p->a_step, &none, p->c,
		(int)p->c_step);
	return r == 0 ? cudaSuccess : cudaErrorUnknown;
}
