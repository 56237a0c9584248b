/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/text.h"
#include "vhost/vhost.h"

/* A word that sets a flag. */
static const struct {
	const char *word;
	uint32_t flag;
} flag_words[] = {
	{ "server", DPU_VHOST_SERVER },
	{ "hugepages", DPU_VHOST_HUGEPAGES },
};

static int without(struct dpu_vhost *vh, char *names)
{
	uint64_t features;
	char *plus;

	for (plus = names; (plus = strchr(plus, '+'));)
		*plus = ' ';
	if (dpu_virtio_features_parse(vh->opts.device, names, &features) < 0)
		return vhost_fail(vh, -EINVAL, "open", "no such feature among \"%s\"", names);
	vh->opts.withhold |= features;
	return 0;
}

static int number(struct dpu_vhost *vh, const char *word, const char *value, uint64_t max, uint32_t *ret)
{
	uint64_t got;

	if (!text_number(value, max, &got))
		return vhost_fail(vh, -EINVAL, "open", "%s is a number up to %llu, not \"%s\"", word,
				  (unsigned long long)max, value);
	*ret = (uint32_t)got;
	return 0;
}

/* 0, which the options take for the default, here means none, which they have as the largest number. */
static int milliseconds(struct dpu_vhost *vh, const char *word, const char *value, uint32_t *ret)
{
	int rc = number(vh, word, value, 3600000, ret);

	if (rc == 0 && !*ret)
		*ret = UINT32_MAX;
	return rc;
}

static int with_value(struct dpu_vhost *vh, const char *word, char *value)
{
	int rc;

	if (strcmp(word, "queues") == 0) {
		rc = number(vh, word, value, VHOST_QUEUES_MAX, &vh->opts.queues);
		if (rc == 0 && !vh->opts.queues)
			rc = vhost_fail(vh, -EINVAL, "open", "no queues");
		return rc;
	}
	if (strcmp(word, "size") == 0)
		return number(vh, word, value, 32768, &vh->opts.queue_size);
	if (strcmp(word, "without") == 0)
		return without(vh, value);
	if (strcmp(word, "mtu") == 0)
		return number(vh, word, value, UINT16_MAX, &vh->opts.mtu);
	if (strcmp(word, "reconnect") == 0)
		return milliseconds(vh, word, value, &vh->opts.reconnect);
	if (strcmp(word, "timeout") == 0)
		return milliseconds(vh, word, value, &vh->opts.timeout);
	return vhost_fail(vh, -EINVAL, "open", "there is no \"%s=\"", word);
}

static int take_word(struct dpu_vhost *vh, char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (value) {
		*value++ = '\0';
		return with_value(vh, word, value);
	}
	for (i = 0; i < sizeof(flag_words) / sizeof(flag_words[0]); i++) {
		if (strcmp(word, flag_words[i].word) == 0) {
			vh->opts.flags |= flag_words[i].flag;
			return 0;
		}
	}
	if (strcmp(word, "client") == 0)
		vh->opts.flags &= ~DPU_VHOST_SERVER;
	else if (strcmp(word, "frontend") == 0)
		vh->opts.role = DPU_VHOST_FRONTEND;
	else if (strcmp(word, "backend") == 0)
		vh->opts.role = DPU_VHOST_BACKEND;
	else
		return vhost_fail(vh, -EINVAL, "open", "there is no \"%s\"", word);
	return 0;
}

int vhost_uri(struct dpu_vhost *vh, const char *uri)
{
	char *words, *word;
	int rc = 0;

	vh->name = calloc(1, strlen(uri) + 1);
	if (!vh->name)
		return vhost_fail(vh, -ENOMEM, "open", NULL);
	strcpy(vh->name, uri);
	words = strchr(vh->name, ',');
	if (words)
		*words++ = '\0';
	vh->path = strchr(vh->name, ':');
	if (!vh->path)
		return vhost_fail(vh, -EINVAL, "open", "no scheme, such as vhost-user:");
	vh->path++;
	while (rc == 0 && (word = strsep(&words, ",")))
		rc = take_word(vh, word);
	return rc;
}
