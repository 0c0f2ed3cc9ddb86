/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/library.h"

#include <dlfcn.h>
#include <string.h>

/* The loader's words, without the file's name where they begin with it. */
static const char *loader_says(const char *file)
{
	const char *said = dlerror();
	size_t len = strlen(file);

	if (said == NULL) {
		return "the loader does not say why";
	}
	return strncmp(said, file, len) == 0 && strncmp(said + len, ": ", 2) == 0 ? said + len + 2
										  : said;
}

/* Of any type: what is stored is never called as this one. */
typedef void function(void);

/* ISO C has no conversion of what dlsym() gives; POSIX has them be of one size. */
static int find_all(const struct library *library, void *handle, struct err *err)
{
	char *to = library->pointers;

	for (size_t i = 0; i < library->n; i++, to += sizeof(function *)) {
		void *found = dlsym(handle, library->names[i]);
		_Static_assert(sizeof found == sizeof(function *), "a pointer is a pointer");
		if (found == NULL) {
			return err_set(err, ERR_SYSTEM,
					"%s needs %s, which has no %s: it is too old",
					library->what, library->file, library->names[i]);
		}
		memcpy(to, &found, sizeof found);
	}
	return 0;
}

int library_load(struct library *library, struct err *err)
{
	if (library->loaded) {
		return 0;
	}
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		return err_set(err, ERR_SYSTEM, "%s needs %s, which cannot be loaded: %s",
				library->what, library->file, loader_says(library->file));
	}
	if (find_all(library, handle, err) < 0) {
		(void)dlclose(handle);
		return -1;
	}
	library->loaded = true;
	library->handle = handle;
	return 0;
}

void library_unload(struct library *library)
{
	if (library->loaded) {
		library->loaded = false;
		(void)dlclose(library->handle);
		library->handle = NULL;
	}
}
