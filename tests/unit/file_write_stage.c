/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/file_write_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/util.h"

/* ---- a disk that hangs --------------------------------------------------------------- */

struct hanging_disk disk = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};
bool no_threads;

static void pass(struct gate *gate)
{
	(void)pthread_mutex_lock(&disk.lock);
	unsigned number = ++gate->asked;
	(void)pthread_cond_broadcast(&disk.changed);
	while (number <= gate->held) {
		(void)pthread_cond_wait(&disk.changed, &disk.lock);
	}
	(void)pthread_mutex_unlock(&disk.lock);
}

void hold(struct gate *gate, unsigned held)
{
	(void)pthread_mutex_lock(&disk.lock);
	gate->held = held;
	(void)pthread_cond_broadcast(&disk.changed);
	(void)pthread_mutex_unlock(&disk.lock);
}

void wait_asked(struct gate *gate, unsigned n)
{
	(void)pthread_mutex_lock(&disk.lock);
	while (gate->asked < n) {
		(void)pthread_cond_wait(&disk.changed, &disk.lock);
	}
	(void)pthread_mutex_unlock(&disk.lock);
}

/* NOLINTBEGIN(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp): the linker's names */
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user);

int __wrap_fsync(int fd)
{
	pass(&disk.fsync);
	return __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	pass(&disk.rename);
	return __real_rename(from, to);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		void *user)
{
	return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, user);
}
/* NOLINTEND(bugprone-reserved-identifier, cert-dcl37-c, cert-dcl51-cpp) */

/* ---- the stage ----------------------------------------------------------------------- */

struct file_write_stage stage;

static struct writer *of(struct file_write *w)
{
	return CONTAINER_OF(w, struct writer, write);
}

enum applied start(struct writer *who, const char *text, struct err *err)
{
	return file_write_start(&who->write, strdup(text), &stage.random, err);
}

static void on_turn(struct file_write *w)
{
	struct err err;

	of(w)->turns++;
	if (of(w)->text != NULL) {
		assert_int_equal(start(of(w), of(w)->text, &err), APPLY_RUNNING);
	}
}

static void on_late(struct file_write *w, const char *why)
{
	assert_non_null(why);
	of(w)->lates++;
}

static void on_done(struct file_write *w, const char *why)
{
	of(w)->ends++;
	(void)snprintf(of(w)->why, sizeof of(w)->why, "%s", why == NULL ? "" : why);
}

static const struct file_write_events events = {
	.on_turn = on_turn,
	.on_late = on_late,
	.on_done = on_done,
};

void make(struct writer *who, unsigned number, const char *name)
{
	(void)snprintf(who->path, sizeof who->path, "%s/%u/%s", stage.folder, number, name);
	file_write_init(&who->write, stage.loop, who->path, &events);
}

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	disk.fsync = disk.rename = (struct gate){ 0 };
	no_threads = false;
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	random_seed(&stage.random, 7);
	(void)snprintf(stage.folder, sizeof stage.folder, "/tmp/file_write.XXXXXX");
	assert_non_null(mkdtemp(stage.folder));
	for (unsigned i = 0; i < FOLDERS; i++) {
		char path[48];
		(void)snprintf(path, sizeof path, "%s/%u", stage.folder, i);
		assert_int_equal(mkdir(path, 0700), 0);
		make(&stage.at[i], i, "a");
	}
	make(&stage.second, 0, "a");
	make(&stage.beside, 0, "b");
	return 0;
}

unsigned names(unsigned number, bool and_clear)
{
	char path[48];
	unsigned n = 0;

	(void)snprintf(path, sizeof path, "%s/%u", stage.folder, number);
	DIR *dir = opendir(path);
	for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 ? 1 : 0;
		if (and_clear) {
			(void)unlinkat(dirfd(dir), e->d_name, 0);
		}
	}
	(void)closedir(dir);
	if (and_clear) {
		(void)rmdir(path);
	}
	return n;
}

void wait_names(unsigned number, unsigned n)
{
	for (unsigned i = 0; i < 60000 && names(number, false) != n; i++) {
		(void)usleep(1000);
	}
	assert_int_equal(names(number, false), n);
}

void clear(void)
{
	for (unsigned i = 0; i < 300; i++) {
		file_write_clear();
	}
}

int tear_down(void **state)
{
	UNUSED(state);
	hold(&disk.fsync, 0);
	hold(&disk.rename, 0);
	for (unsigned i = 0; i < FOLDERS; i++) {
		file_write_cancel(&stage.at[i].write);
	}
	file_write_cancel(&stage.second.write);
	file_write_cancel(&stage.beside.write);
	clear();
	ev_loop_destroy(stage.loop);
	for (unsigned i = 0; i < FOLDERS; i++) {
		(void)names(i, true);
	}
	return rmdir(stage.folder);
}

void begin(struct writer *who, const char *text)
{
	struct err err;

	assert_true(file_write_has_turn(&who->write));
	assert_int_equal(start(who, text, &err), APPLY_RUNNING);
	assert_int_equal(who->ends, 0); /* a start never calls back */
}

void run_to_the_end(void)
{
	(void)ev_run(stage.loop, 0);
}

void run_until(const unsigned *count, unsigned n)
{
	while (*count < n) {
		(void)ev_run(stage.loop, EVRUN_ONCE);
	}
}

void expect_text(const struct writer *who, const char *expected)
{
	char text[64] = "";
	FILE *file = fopen(who->path, "re");

	if (file != NULL) {
		(void)fread(text, 1, sizeof text - 1, file);
		(void)fclose(file);
	}
	assert_string_equal(text, expected);
}
