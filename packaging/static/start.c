/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start - what musl's own start file leaves undone in a static program that may be anywhere in
 * memory.
 *
 * Relocations in the packed form (DT_RELR) take a thirtieth of the room of the others; the start
 * file of musl 1.2.3 does not know them. They are made here, before it begins, so that it finds
 * none to make. And what only relocations write (PT_GNU_RELRO) becomes read-only before main, which
 * is otherwise the work of the loader that a static program does not have.
 *
 * packaging/static/build links this before rcrt1.o, and makes svc_start the entry.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define DT_RELR_SIZE 35 /* not in musl's headers yet */
#define DT_RELR_AT   36

#define HIDDEN __attribute__((visibility("hidden")))

/* The linker's names for the first byte of the file in memory, and for its table of what is where.
 */
extern const Elf64_Ehdr svc_first __asm__("__ehdr_start") HIDDEN;
extern const Elf64_Dyn svc_dynamic[] __asm__("_DYNAMIC") HIDDEN;

HIDDEN void svc_relocate(void);

/* The stack is as the kernel leaves it when musl's start file gets it. */
__asm__(".text\n"
	".globl svc_start\n"
	".type svc_start, @function\n"
	"svc_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rbx\n"
	"	and $-16, %rsp\n"
	"	call svc_relocate\n"
	"	mov %rbx, %rsp\n"
	"	jmp _start\n");

/* One word is a place, or, when it is odd, a map of the 63 places that come next. */
static void relocate(uintptr_t base, const uintptr_t *at, size_t n)
{
	uintptr_t *place = NULL;

	for (size_t i = 0; i < n; i++) {
		if ((at[i] & 1) == 0) {
			place = (uintptr_t *)(base + at[i]);
			*place++ += base;
			continue;
		}
		for (unsigned bit = 1; bit < 64; bit++) {
			if ((at[i] >> bit & 1) != 0) {
				place[bit - 1] += base;
			}
		}
		place += 63;
	}
}

/* Nothing that needs a relocation, the stack protector or the C library may be used in here. */
void svc_relocate(void)
{
	const uintptr_t base = (uintptr_t)&svc_first;
	uintptr_t at = 0;
	size_t size = 0;

	for (const Elf64_Dyn *d = svc_dynamic; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELR_AT) {
			at = base + d->d_un.d_ptr;
		} else if (d->d_tag == DT_RELR_SIZE) {
			size = d->d_un.d_val;
		}
	}
	relocate(base, (const uintptr_t *)at, size / sizeof(uintptr_t));
}

__attribute__((constructor(101))) static void protect(void)
{
	const uintptr_t base = (uintptr_t)&svc_first;
	const Elf64_Phdr *headers = (const Elf64_Phdr *)(base + svc_first.e_phoff);

	for (size_t i = 0; i < svc_first.e_phnum; i++) {
		if (headers[i].p_type == PT_GNU_RELRO) {
			/* The linker has it end with a page; it begins with what shares its first.
			 */
			uintptr_t from = (base + headers[i].p_vaddr) & ~(uintptr_t)4095;
			uintptr_t to = (base + headers[i].p_vaddr + headers[i].p_memsz) &
				       ~(uintptr_t)4095;
			(void)mprotect((void *)from, to - from, PROT_READ);
		}
	}
}
