/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the model lives. A shared state is one file, replaced as a whole: readers need no lock and see one
 * state or the next; writers hold a lock file, which the kernel lets go when they die, take over what others
 * have written, and replace the file. So a process can be killed at any moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>
#include "core/json.h"
#include "provider/sim/sim.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int read_strings(struct sim *sim, json_t *list, const char *key,
			int (*add)(struct sim *, const char *))
{
	json_t *value;
	size_t i;
	int rc;

	if (list && !json_is_array(list))
		return ctx_fail(sim->ctx, -EBADMSG, "open", sim->path, "%s: not a list of texts", key);
	json_array_foreach(list, i, value) {
		if (!json_is_string(value))
			return ctx_fail(sim->ctx, -EBADMSG, "open", sim->path, "%s[%zu]: not a text", key, i);
		rc = add(sim, json_string_value(value));
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Replaces the model by what the file has, if that is something new. */
static int take_over(struct sim *sim)
{
	struct sim_model *model;
	struct stat st;
	json_t *json;
	int rc;

	if (stat(sim->path, &st) < 0)
		return ctx_fail(sim->ctx, -errno, "open", sim->path, NULL);
	if (sim->model && same_file(&st, &sim->loaded))
		return 0;
	rc = json_file_read(sim->ctx, "open", sim->path, &json);
	if (rc < 0)
		return rc;
	rc = sim_model_load(sim->ctx, sim->path, json, &model);
	json_decref(json);
	if (rc < 0)
		return rc;
	/* What a fault or latency counts, it counts per context: read once. */
	if (!sim->model) {
		rc = read_strings(sim, model->faults, "faults", sim_fault_add);
		if (rc == 0)
			rc = read_strings(sim, model->latencies, "latencies", sim_latency_add);
		if (rc < 0) {
			sim_model_free(sim->ctx, model);
			return rc;
		}
	} else {
		sim_model_carry(model, sim->model);
	}
	sim_model_free(sim->ctx, sim->model);
	sim->model = model;
	/* If the file was replaced after stat() the next call sees another one again: never too old for good.
	 */
	sim->loaded = st;
	sim->generation++;
	sim_monitors_wake(sim);
	return 0;
}

static int lock(struct sim *sim, int patience_ms)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int64_t end = sim_now_ms() + patience_ms;
	int fd, rc;

	fd = open(sim->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return ctx_fail(sim->ctx, -errno, "lock", sim->lock_path, NULL);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = -errno;
		if (rc == -EWOULDBLOCK && sim_now_ms() < end) {
			nanosleep(&ms, NULL);
			continue;
		}
		close(fd);
		if (rc != -EWOULDBLOCK)
			return ctx_fail(sim->ctx, rc, "lock", sim->lock_path, NULL);
		if (!patience_ms)
			return -EBUSY;
		ctx_fail(sim->ctx, -EBUSY, "lock", sim->lock_path, "another process has held it for %d ms",
			 patience_ms);
		return ctx_hint(sim->ctx, "see who it is: fuser %s", sim->lock_path);
	}
	sim->lock_fd = fd;
	return 0;
}

static void unlock(struct sim *sim)
{
	if (sim->lock_fd >= 0)
		close(sim->lock_fd);
	sim->lock_fd = -1;
}

static int save(struct sim *sim)
{
	struct stat st;
	json_t *json;
	int rc;

	rc = sim_step(sim, "save", sim->path);
	if (rc < 0)
		return rc;
	json = sim_model_dump(sim->ctx, sim->model);
	if (!json)
		return ctx_fail_nomem(sim->ctx, "save");
	rc = json_file_write(sim->ctx, "save", sim->path, json);
	json_decref(json);
	if (rc < 0)
		return rc;
	/* Under the lock, so this is the file just written. Not knowing it only costs reading it again. */
	memset(&sim->loaded, 0, sizeof(sim->loaded));
	if (stat(sim->path, &st) == 0 && sim_model_mark_saved(sim->ctx, sim->model) == 0)
		sim->loaded = st;
	return 0;
}

/* Makes the file when it is not there yet. */
static int create(struct sim *sim, bool legacy)
{
	int rc;

	rc = lock(sim, SIM_LOCK_MS);
	if (rc == -ENOENT)
		return ctx_fail(sim->ctx, rc, "open", sim->path,
				"the folder it should be made in does not exist");
	if (rc < 0)
		return rc;
	if (access(sim->path, F_OK) == 0)
		goto out;
	rc = sim_model_fresh(sim->ctx, &sim->model);
	if (rc == 0 && legacy)
		rc = sim_model_boot(sim->ctx, sim->model, true);
	if (rc == 0)
		rc = save(sim);
	/* From here on as every other process sees it. */
	sim_model_free(sim->ctx, sim->model);
	sim->model = NULL;
out:
	unlock(sim);
	return rc;
}

/* A path that begins as the topology's does. */
static char *beside(struct sim *sim, const char *suffix)
{
	size_t size = strlen(sim->path) + strlen(suffix) + 1;
	char *path = ctx_alloc(sim->ctx, size);

	if (path)
		snprintf(path, size, "%s%s", sim->path, suffix);
	return path;
}

/* Through a symbolic link, the file is replaced and not the link; and one that is yet to be made stays the
 * same when the program goes to another folder. */
static char *whole_path(struct dpu_ctx *ctx, const char *path)
{
	char *real = realpath(path, NULL), *here = NULL, *whole;
	size_t size;

	if (!real && path[0] != '/')
		here = getcwd(NULL, 0);
	if (here) {
		size = strlen(here) + 1 + strlen(path) + 1;
		whole = ctx_alloc(ctx, size);
		if (whole)
			snprintf(whole, size, "%s/%s", here, path);
	} else {
		whole = ctx_strdup(ctx, real ? real : path);
	}
	free(here);
	free(real);
	return whole;
}

int sim_store_open(struct sim *sim, const char *path, const char *eswitch)
{
	bool legacy = eswitch && !strcmp(eswitch, "legacy");
	int rc;

	if (!path[0]) {
		rc = sim_model_fresh(sim->ctx, &sim->model);
		return rc == 0 && legacy ? sim_model_boot(sim->ctx, sim->model, true) : rc;
	}
	sim->path = whole_path(sim->ctx, path);
	if (!sim->path)
		return ctx_fail_nomem(sim->ctx, "open");
	sim->lock_path = beside(sim, ".lock");
	sim->claims_dir = beside(sim, ".claims");
	if (!sim->lock_path || !sim->claims_dir)
		return ctx_fail_nomem(sim->ctx, "open");
	if (access(sim->path, F_OK) < 0 && errno == ENOENT) {
		rc = create(sim, legacy);
		if (rc < 0)
			return rc;
	}
	return take_over(sim);
}

void sim_store_close(struct sim *sim)
{
	unlock(sim);
	sim_model_free(sim->ctx, sim->model);
	ctx_free(sim->ctx, sim->path);
	ctx_free(sim->ctx, sim->lock_path);
	ctx_free(sim->ctx, sim->claims_dir);
}

int sim_read(struct sim *sim)
{
	return sim->path ? take_over(sim) : 0;
}

static int begin(struct sim *sim, int patience_ms)
{
	int rc;

	/* Whether the change comes about or not: an array may grow, and so move, before something else fails.
	 */
	sim->generation++;
	if (!sim->path)
		return 0;
	rc = lock(sim, patience_ms);
	if (rc < 0)
		return rc;
	rc = take_over(sim);
	if (rc < 0)
		unlock(sim);
	return rc;
}

int sim_begin(struct sim *sim)
{
	return begin(sim, SIM_LOCK_MS);
}

int sim_read_step(struct sim *sim, const char *step, const char *object)
{
	int rc = sim_step(sim, step, object);

	return rc < 0 ? rc : sim_read(sim);
}

int sim_begin_step(struct sim *sim, const char *step, const char *object)
{
	int rc = sim_step(sim, step, object);

	return rc < 0 ? rc : sim_begin(sim);
}

int sim_try_begin(struct sim *sim)
{
	return begin(sim, 0);
}

int sim_commit(struct sim *sim)
{
	struct dpu_error error;
	int rc;

	if (!sim->path) {
		sim_monitors_wake(sim);
		return 0;
	}
	rc = save(sim);
	if (rc == 0) {
		sim_monitors_wake(sim);
	} else {
		/* The file still has the former state. Should reading it fail too, every later call will try
		 * again. */
		error = sim->ctx->error;
		memset(&sim->loaded, 0, sizeof(sim->loaded));
		take_over(sim);
		sim->ctx->error = error;
	}
	unlock(sim);
	return rc;
}

void sim_abort(struct sim *sim)
{
	unlock(sim);
}

int sim_end(struct sim *sim, int rc)
{
	if (rc == 0)
		return sim_commit(sim);
	sim_abort(sim);
	return rc;
}
