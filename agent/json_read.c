/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_read - cJSON decides whether it is JSON, and a second walk over the same
 * text, side by side with the tree, puts back what cJSON has let go of.
 *
 * cJSON takes more than JSON: control characters as white space and inside of
 * texts, 01 and 1. as numbers, NUL characters that then end a text early. The
 * walk refuses all of these, so its text needs no second opinion. (It passes
 * spaces itself: cJSON_Minify, as of 1.7.15, takes "\\" for a text without an end.)
 */
#include "agent/json_read.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/scalar.h"
#include "agent/patient.h"
#include "agent/utf8.h"

/* ---- the second walk ------------------------------------------------------------- */

struct walk {
	const char *at;
	bool nul; /* a text holds one, written as an escape */
};

static void pass_space(struct walk *w)
{
	w->at += strspn(w->at, " \t\r\n");
}

static bool pass(struct walk *w, char c)
{
	if (*w->at != c) {
		return false;
	}
	w->at++;
	return true;
}

/* Behind the backslash. cJSON takes four signs that are no hexadecimal number for a NUL. */
static bool check_escape(struct walk *w)
{
	w->nul = w->nul || strncmp(w->at, "u0000", 5) == 0;
	return *w->at != 'u' || strspn(w->at + 1, "0123456789abcdefABCDEF") >= 4;
}

static bool pass_text(struct walk *w)
{
	if (!pass(w, '"')) {
		return false;
	}
	while (*w->at != '"') {
		if ((unsigned char)*w->at < 0x20 || (pass(w, '\\') && !check_escape(w))) {
			return false;
		}
		w->at++; /* the sign behind a backslash is never a control character: cJSON saw it
			  */
	}
	w->at++;
	return true;
}

/* Makes the item say its number as it was written. */
static bool keep_number(struct walk *w, cJSON *item)
{
	size_t len = strcspn(w->at, ",]} \t\r\n");
	char *text = patient_text(w->at, len);

	if (text == NULL || scalar_kind_of(text) != SCALAR_NUMBER) {
		free(text);
		return false;
	}
	w->at += len;
	item->valuestring = text;
	item->type = cJSON_Raw;
	return true;
}

/* Of a member, with its colon. */
static bool pass_name(struct walk *w)
{
	pass_space(w);
	if (!pass_text(w)) {
		return false;
	}
	pass_space(w);
	return pass(w, ':');
}

static bool keep_item(struct walk *w, cJSON *item);

/* A list, or an object when its children have names. */
static bool keep_children(struct walk *w, cJSON *item, char open, char close)
{
	if (!pass(w, open)) {
		return false;
	}
	for (cJSON *child = item->child; child != NULL; child = child->next) {
		if (open == '{' && !pass_name(w)) {
			return false;
		}
		if (!keep_item(w, child) || (child->next != NULL && !pass(w, ','))) {
			return false;
		}
	}
	pass_space(w); /* in what has no children */
	return pass(w, close);
}

static bool keep_value(struct walk *w, cJSON *item)
{
	if (cJSON_IsObject(item)) {
		return keep_children(w, item, '{', '}');
	}
	if (cJSON_IsArray(item)) {
		return keep_children(w, item, '[', ']');
	}
	if (cJSON_IsString(item)) {
		return pass_text(w);
	}
	if (cJSON_IsNumber(item)) {
		return keep_number(w, item);
	}
	w->at += strspn(w->at, "aeflnrstu"); /* true, false, null: cJSON knows no other */
	return true;
}

/* With the space around it. As deep as cJSON went, which has a limit of its own. */
static bool keep_item(struct walk *w, cJSON *item)
{
	pass_space(w);
	bool kept = keep_value(w, item);
	pass_space(w);
	return kept;
}

/* ---- all of it ------------------------------------------------------------------- */

static int check_bytes(const char *text, size_t len, size_t max, struct err *err)
{
	if (len > max) {
		return err_set(err, ERR_RANGE, "the value has %zu bytes, %zu are possible", len,
				max);
	}
	if (memchr(text, '\0', len) != NULL) {
		return err_set(err, ERR_SYNTAX, "the value holds a NUL");
	}
	if (!utf8_valid(text, len)) {
		return err_set(err, ERR_SYNTAX, "the value is not valid UTF-8");
	}
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20 && strchr("\t\r\n", text[i]) == NULL) {
			return err_set(err, ERR_SYNTAX, "the value holds a control character");
		}
	}
	return 0;
}

static int check_members(const cJSON *object, struct err *err)
{
	int n = cJSON_GetArraySize(object);

	if (n > JSON_MEMBERS_MAX) {
		return err_set(err, ERR_RANGE, "the value has %d members, %d are possible", n,
				JSON_MEMBERS_MAX);
	}
	return 0;
}

/* Goes through `text`, from which the tree was read, once more. */
static int keep_all(cJSON *object, const char *text, struct err *err)
{
	struct walk w = { .at = text };

	if (!cJSON_IsObject(object)) {
		return err_set(err, ERR_SYNTAX, "the value is %s, not a JSON object",
				json_kind(object));
	}
	if (check_members(object, err) < 0) {
		return -1;
	}
	if (!keep_item(&w, object) || *w.at != '\0') {
		return err_set(err, ERR_SYNTAX, "the value is not JSON");
	}
	if (w.nul) {
		return err_set(err, ERR_SYNTAX, "the value holds a NUL");
	}
	return 0;
}

/* cJSON does not tell a text that it had no memory for from one that is no JSON. */
static void *get(size_t size)
{
	return patient_get(NULL, size);
}

static void be_patient(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = get, .free_fn = free });
}

struct cJSON *json_read_up_to(const char *text, size_t len, size_t max, struct err *err)
{
	if (check_bytes(text, len, max, err) < 0) {
		return NULL;
	}
	unsigned failures = patient_failures();
	char *copy = patient_text(text, len);
	be_patient();
	cJSON *object = copy == NULL ? NULL : cJSON_ParseWithOpts(copy, NULL, 1);
	int result = -1;
	if (object != NULL) {
		result = keep_all(object, copy, err);
	} else {
		(void)err_set(err, ERR_SYNTAX, "the value is not JSON");
	}
	if (result < 0 && failures != patient_failures()) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
	}
	free(copy);
	if (result < 0) {
		cJSON_Delete(object);
		return NULL;
	}
	return object;
}

struct cJSON *json_read(const char *text, size_t len, struct err *err)
{
	return json_read_up_to(text, len, JSON_READ_MAX, err);
}

bool json_is_number(const struct cJSON *item)
{
	return cJSON_IsRaw(item);
}

const char *json_kind(const struct cJSON *item)
{
	if (cJSON_IsString(item)) {
		return "text";
	}
	if (cJSON_IsNumber(item) || cJSON_IsRaw(item)) {
		return "a number";
	}
	if (cJSON_IsArray(item)) {
		return "a list";
	}
	if (cJSON_IsObject(item)) {
		return "an object";
	}
	return cJSON_IsBool(item) ? "true or false" : "null";
}
