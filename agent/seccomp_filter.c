/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/seccomp_filter.h"

#include "agent/util.h"

#ifdef SVC_SECCOMP

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "agent/seccomp_library.h"

const bool seccomp_is_built_in = true;

/* Of machines that run programs of more than one kind. */
static const uint32_t kinds[] = {
	SCMP_ARCH_X86_64,
	SCMP_ARCH_X86,
	SCMP_ARCH_X32,
	SCMP_ARCH_AARCH64,
	SCMP_ARCH_ARM,
};

/* Which of them go together. */
static const struct {
	size_t from, n;
} families[] = { { 0, 3 }, { 3, 2 } };

static uint32_t refusal_of(const struct seccomp_filter *f)
{
	return f->refusal == 0 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO((uint32_t)f->refusal);
}

/* A machine of neither family has but its own kind. */
static int add_kinds(scmp_filter_ctx ctx)
{
#if defined(__x86_64__)
	const size_t family = 0;
#elif defined(__aarch64__)
	const size_t family = 1;
#else
	const size_t family = ARRAY_LEN(families);
#endif

	for (size_t i = 0; family < ARRAY_LEN(families) && i < families[family].n; i++) {
		int result = seccomp_arch_add(ctx, kinds[families[family].from + i]);
		if (result < 0 && result != -EEXIST) {
			return result;
		}
	}
	return 0;
}

static int add_call(scmp_filter_ctx ctx, uint32_t action, const struct sandbox_call *call)
{
	struct scmp_arg_cmp when[SANDBOX_CONDITIONS];
	unsigned n = 0;
	int number = seccomp_syscall_resolve_name(call->name);

	if (number == __NR_SCMP_ERROR) {
		return 0; /* this libseccomp does not know it */
	}
	for (; n < SANDBOX_CONDITIONS && call->when[n].mask != 0; n++) {
		const struct sandbox_condition *c = &call->when[n];
		uint64_t value = c->value == SANDBOX_OWN_PID ? (uint64_t)getpid() : c->value;
		when[n] = (struct scmp_arg_cmp){ c->argument, SCMP_CMP_MASKED_EQ, c->mask, value };
	}
	int result = seccomp_rule_add_array(ctx, action, number, n, when);
	return result == -EDOM ? 0 : result; /* this machine does not have it */
}

static int fill(scmp_filter_ctx ctx, const struct seccomp_filter *f)
{
	uint32_t refusal = refusal_of(f);
	int result = seccomp_attr_set(
			ctx, SCMP_FLTATR_ACT_BADARCH, f->calls_pass ? refusal : SCMP_ACT_ALLOW);

	if (result == 0 && f->log) {
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, 1); /* kernels from 4.14 on */
	}
	if (result == 0 && !f->calls_pass) {
		result = add_kinds(ctx);
	}
	for (size_t i = 0; i < f->n && result == 0; i++) {
		result = add_call(ctx, f->calls_pass ? SCMP_ACT_ALLOW : refusal, &f->calls[i]);
	}
	return result;
}

static int load_one(const struct seccomp_filter *f, struct err *err)
{
	scmp_filter_ctx ctx = seccomp_init(f->calls_pass ? refusal_of(f) : SCMP_ACT_ALLOW);
	int result = ctx == NULL ? -EINVAL : fill(ctx, f);

	if (result == 0) {
		result = seccomp_load(ctx);
	}
	if (ctx != NULL) {
		seccomp_release(ctx);
	}
	return result == 0 ? 0
			   : err_set(err, ERR_SYSTEM, "the kernel takes no filter: %s",
					     strerror(-result));
}

/* What libseccomp took is all free again, and more than the agent itself has by then. */
static void give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

int seccomp_filters_load(const struct seccomp_filter *filters, size_t n, struct err *err)
{
	int result = seccomp_library_load(err);

	for (size_t i = 0; i < n && result == 0; i++) {
		result = load_one(&filters[i], err);
	}
	seccomp_library_unload();
	give_back();
	return result;
}

#else

const bool seccomp_is_built_in = false;

int seccomp_filters_load(const struct seccomp_filter *filters, size_t n, struct err *err)
{
	UNUSED(filters);
	UNUSED(n);
	return err_set(err, ERR_SYSTEM, "svc-agent was built without libseccomp");
}

#endif
