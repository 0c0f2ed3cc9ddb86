/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/probe_keys.h"

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/field.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema_uses.h"
#include "agent/descriptor/yaml.h"

static void check_unused(const struct descriptor *d, const struct yaml_node *member,
		const struct field_source *from)
{
	char path[YAML_PATH_MAX], types[80];
	yaml_path(member, path, sizeof(path));
	const struct schema_row *row = schema_find(path);
	if (row == NULL || schema_use_of(row, d->probe.type) != SCHEMA_UNUSED) {
		return;
	}
	schema_list_types(row, types, sizeof(types));
	problems_add(from->problems, false, from->file, member->key_line, member->key_column, path,
			"is no key of a probe of type %s, only of %s",
			schema_probe_type()->words[d->probe.type], types);
}

/* The only key that a type needs. */
static void check_command(const struct descriptor *d, const struct yaml_node *section,
		const struct field_source *from)
{
	const struct yaml_node *command = yaml_member(section, "command");
	const struct yaml_node *type = yaml_member(section, "type");
	const char *key = "probe.command";
	if (schema_use_of(schema_find(key), d->probe.type) != SCHEMA_NEEDED ||
			d->probe.command.n > 0) {
		return;
	}
	if (command == NULL) {
		problems_add(from->problems, false, from->file, type->line, type->column, key,
				"is required for a probe of type %s",
				schema_probe_type()->words[d->probe.type]);
	} else if (!command->refused) {
		field_refuse(from, command, NULL, "is empty");
	}
}

void probe_keys_check(const struct descriptor *d, const struct yaml_node *section,
		const struct field_source *from)
{
	const struct yaml_node *type = yaml_member(section, "type");
	if (type != NULL && type->refused) {
		return; /* nothing can be judged by a type that is unknown */
	}
	for (size_t i = 0; i < section->n; i++) {
		check_unused(d, section->items[i], from);
	}
	check_command(d, section, from);
}
