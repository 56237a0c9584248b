/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "provider/sim/state.h"

void state_wrong(struct state_reader *r, const char *key, const char *what)
{
	if (r->rc == 0)
		r->rc = ctx_fail(r->ctx, -EBADMSG, "open", r->path, "%s%s%s: %s", r->where,
				 r->where[0] ? "." : "", key, what);
}

uint64_t state_number(struct state_reader *r, const json_t *object, const char *key, uint64_t max)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max) {
		state_wrong(r, key, value ? "not a number in range" : "missing");
		return 0;
	}
	return (uint64_t)json_integer_value(value);
}

const char *state_text(struct state_reader *r, const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) || json_string_length(value) > max ||
	    strlen(json_string_value(value)) != json_string_length(value)) {
		state_wrong(r, key, value ? "not a text of allowed length" : "missing");
		return "";
	}
	return json_string_value(value);
}

const json_t *state_array(struct state_reader *r, const json_t *object, const char *key, size_t max)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_array(value) || json_array_size(value) > max) {
		state_wrong(r, key, value ? "not a list of allowed length" : "missing");
		return NULL;
	}
	return value;
}

void state_mac(struct state_reader *r, const json_t *object, const char *key, uint8_t mac[6])
{
	if (!text_mac(state_text(r, object, key, 17), mac))
		state_wrong(r, key, "not a MAC address");
}

void state_number_maybe(struct state_reader *r, const json_t *object, const char *key, uint64_t min,
			uint64_t max, uint64_t *value)
{
	uint64_t number;

	if (!json_object_get(object, key))
		return;
	number = state_number(r, object, key, max);
	if (number < min)
		state_wrong(r, key, "not a number in range");
	else
		*value = number;
}

void state_u32_maybe(struct state_reader *r, const json_t *object, const char *key, uint32_t min,
		     uint32_t max, uint32_t *value)
{
	uint64_t number = *value;

	state_number_maybe(r, object, key, min, max, &number);
	*value = (uint32_t)number;
}

void state_bool_maybe(struct state_reader *r, const json_t *object, const char *key, bool *value)
{
	const json_t *found = json_object_get(object, key);

	if (!found)
		return;
	if (json_is_boolean(found))
		*value = json_is_true(found);
	else
		state_wrong(r, key, "neither true nor false");
}

void state_guid_maybe(struct state_reader *r, const json_t *object, const char *key, uint64_t *value)
{
	const char *text;
	int end = 0;

	if (!json_object_get(object, key))
		return;
	text = state_text(r, object, key, 16);
	if (strspn(text, "0123456789abcdef") != 16 || sscanf(text, "%16" SCNx64 "%n", value, &end) != 1 ||
	    end != 16)
		state_wrong(r, key, "not a GUID of 16 hexadecimal digits");
}

const json_t *state_object_maybe(struct state_reader *r, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_object(value))
		return value;
	state_wrong(r, key, "not an object");
	return NULL;
}

void state_put(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new(object, key, value) < 0)
		*failed = true;
}

void state_append(json_t *array, json_t *value, bool *failed)
{
	if (json_array_append_new(array, value) < 0)
		*failed = true;
}

json_t *state_integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

json_t *state_mac_text(const uint8_t mac[6])
{
	char text[18];

	text_mac_format(mac, text);
	return json_string(text);
}

json_t *state_guid_text(uint64_t guid)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64, guid);
	return json_string(text);
}
