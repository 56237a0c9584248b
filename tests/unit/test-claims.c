/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Claims outlive the program that made them, however it ended, and no others do. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/claims.h"
#include "harness.h"

static char dir[] = "/tmp/libdpu-test-XXXXXX";
static char path[64];

/* What a visit has seen, as text: "owner|key|live" lines, the owner's process left out. */
struct seen {
	char text[4096];
	int left;
	int live;
};

static int see(void *arg, const char *owner, const char *key, bool live)
{
	struct seen *seen = arg;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s|%s;", owner, key);
	if (live)
		seen->live++;
	else
		seen->left++;
	return 0;
}

static struct seen look(struct dpu_ctx *ctx)
{
	struct seen seen = { .left = 0 };

	is_int(claims_visit(ctx, "look", path, see, &seen), 0);
	return seen;
}

/* A child that claims and then waits to be killed. */
static pid_t start(const char *const keys[])
{
	struct dpu_ctx *ctx = open_uri("sim:");
	struct claims *claims = NULL;
	int ready[2];
	pid_t pid;
	char byte;

	must(pipe(ready) == 0);
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		must(claims_open(ctx, "claim", path, &claims) == 0);
		for (; *keys; keys++)
			must(claims_add(ctx, "claim", claims, *keys) == 0);
		must(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}
	must(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	dpu_ctx_unref(ctx);
	return pid;
}

static void stop(pid_t pid)
{
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

/* While a program lives its claims are its own; the moment it is killed they are left behind. */
static void killed(struct dpu_ctx *ctx)
{
	static const char *const one[] = { "sf 1", "sf 2", NULL }, *const two[] = { "sf 3", NULL };
	pid_t first = start(one), second = start(two);
	struct seen seen = look(ctx);
	char owner[64];

	is_int(seen.live, 3);
	is_int(seen.left, 0);
	is_int(claims_forget(ctx, "forget", path, "sf 1"), 0);
	seen = look(ctx);
	is_int(seen.live, 3); /* nobody takes a claim from the living */
	stop(first);
	seen = look(ctx);
	is_int(seen.left, 2);
	is_int(seen.live, 1);
	snprintf(owner, sizeof(owner), "process %ld|sf 1;", (long)first);
	contains(seen.text, owner);
	contains(seen.text, "test-claims, process");
	is_int(claims_forget(ctx, "forget", path, "sf 9"), 0); /* none of theirs */
	is_int(claims_forget(ctx, "forget", path, "sf 1"), 0);
	seen = look(ctx);
	is_int(seen.left, 1);
	contains(seen.text, "sf 2");
	is_int(claims_forget(ctx, "forget", path, "sf 2"), 0);
	stop(second);
	seen = look(ctx);
	is_str(strrchr(seen.text, '|'), "|sf 3;");
	is_int(claims_forget(ctx, "forget", path, "sf 3"), 0);
	ok(access(path, F_OK) < 0, "with the last claim the folder goes");
}

/* A context that ends keeps what it still claims, and leaves no file when it claims nothing. */
static void closed(struct dpu_ctx *ctx)
{
	struct claims *claims = NULL, *other = NULL;
	struct seen seen;
	char key[32];
	int i;

	must(claims_open(ctx, "claim", path, &claims) == 0 && claims_open(ctx, "claim", path, &other) == 0);
	ok(access(path, F_OK) < 0, "without a claim there is no folder");
	for (i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "sf %d", i);
		must(claims_add(ctx, "claim", claims, key) == 0);
	}
	is_int(claims_add(ctx, "claim", claims, "sf 39"), 0); /* stands already */
	is_int(claims_add(ctx, "claim", claims, "two\nlines"), -EINVAL);
	is_int(claims_add(ctx, "claim", claims, ""), -EINVAL);
	is_int(claims_add(ctx, "claim", other, "sf 7"), 0);
	ok(!claims_remove(other, "sf 8"), "a claim of another context is not taken back");
	for (i = 1; i < 40; i++) {
		snprintf(key, sizeof(key), "sf %d", i);
		if (!claims_remove(claims, key))
			break;
	}
	is_int(i, 40);
	/* Room that has become free is used again: the file does not grow for ever. */
	for (i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "again %d", i);
		must(claims_add(ctx, "claim", claims, key) == 0 && claims_remove(claims, key));
	}
	seen = look(ctx);
	is_int(seen.live, 2);
	claims_close(ctx, other);
	claims_close(ctx, claims);
	seen = look(ctx);
	is_int(seen.left, 2);
	is_int(claims_forget(ctx, "forget", path, "sf 0"), 0);
	is_int(claims_forget(ctx, "forget", path, "sf 7"), 0);
	must(claims_open(ctx, "claim", path, &claims) == 0 && claims_add(ctx, "claim", claims, "sf 1") == 0);
	ok(claims_remove(claims, "sf 1"), "a claim is taken back");
	claims_close(ctx, claims);
	ok(access(path, F_OK) < 0, "who claims nothing leaves nothing");
}

static void spill(const char *name, const void *data, size_t size)
{
	char file[96];
	int fd;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* Takes the file of the only claims there are out of the folder. */
static char *left_behind(size_t *size)
{
	static const char *const keys[] = { "sf 1", "sf 2", NULL };
	char file[sizeof(path) + sizeof(((struct dirent *)0)->d_name) + 1], *data = calloc(1, 4096);
	struct dirent *entry;
	DIR *stream;
	int fd;

	stop(start(keys));
	stream = opendir(path);
	must(stream && data);
	do
		entry = readdir(stream);
	while (entry && entry->d_name[0] == '.');
	must(entry);
	snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
	closedir(stream);
	fd = open(file, O_RDONLY);
	must(fd >= 0);
	*size = (size_t)read(fd, data, 4096);
	close(fd);
	unlink(file);
	return data;
}

/* A file cut off anywhere gives the claims that are whole, or none; never half a one. */
static void torn(struct dpu_ctx *ctx)
{
	size_t size, cut, whole = 0, odd = 0;
	char *data = left_behind(&size), file[96];

	must(size > 64 && size < 4096);
	for (cut = 0; cut <= size; cut++) {
		struct seen seen = { .left = 0 };

		spill("torn", data, cut);
		must(claims_visit(ctx, "look", path, see, &seen) == 0);
		whole += seen.left == 2;
		odd += seen.left > 0 && !strstr(seen.text, "|sf 1;");
		odd += seen.left > 1 && !strstr(seen.text, "|sf 2;");
	}
	is_int(whole, 1);
	is_int(odd, 0);
	memset(data + 128, 0, 20); /* what was never written, as a crash of the machine leaves it */
	spill("torn", data, size);
	is_int(look(ctx).left, 1);
	snprintf(file, sizeof(file), "%s/torn", path);
	unlink(file);
	/* Whoever was killed at the very first moment has left an empty one. */
	spill("torn", data, 0);
	is_int(claims_forget(ctx, "forget", path, "sf 1"), 0);
	ok(access(path, F_OK) < 0, "an empty file is swept away");
	free(data);
}

static int logged;

static void count_log(void *data, int level, const char *file, int line, const char *func,
		      const char *message)
{
	(void)data;
	(void)level;
	(void)file;
	(void)line;
	(void)func;
	logged += strstr(message, "no file of claims") != NULL;
}

/* Files of others in the folder, a link, a pipe, a folder: passed over, and never touched. */
static void foreign(void)
{
	DPU_OPTS(dpu_ctx_opts, opts, .log = count_log, .log_level = DPU_LOG_INFO);
	char file[96], target[96];
	struct dpu_ctx *ctx = NULL;
	struct claims *claims;

	must(dpu_ctx_open("sim:", &opts, &ctx) == 0);
	if (mkdir(path, 0755) < 0)
		must(errno == EEXIST);
	spill("notes", "milk, bread\n", 12);
	snprintf(target, sizeof(target), "%s/target", dir);
	snprintf(file, sizeof(file), "%s/link", path);
	must(symlink(target, file) == 0);
	snprintf(file, sizeof(file), "%s/pipe", path);
	must(mkfifo(file, 0644) == 0);
	snprintf(file, sizeof(file), "%s/folder", path);
	must(mkdir(file, 0755) == 0);
	is_int(look(ctx).left, 0);
	is_int(logged, 1);
	must(claims_open(ctx, "claim", path, &claims) == 0);
	is_int(claims_add(ctx, "claim", claims, "sf 1"), 0);
	is_int(look(ctx).live, 1);
	claims_close(ctx, claims);
	is_int(claims_forget(ctx, "forget", path, "sf 1"), 0);
	is_int(look(ctx).left, 0);
	ok(access(target, F_OK) < 0, "no link is followed");
	must(rmdir(file) == 0);
	snprintf(file, sizeof(file), "%s/notes", path);
	is_int(unlink(file), 0);
	snprintf(file, sizeof(file), "%s/link", path);
	is_int(unlink(file), 0);
	snprintf(file, sizeof(file), "%s/pipe", path);
	is_int(unlink(file), 0);
	must(rmdir(path) == 0);
	dpu_ctx_unref(ctx);
}

/* Where no folder can be made the failure says so, and nothing is claimed. */
static void unwritable(struct dpu_ctx *ctx)
{
	char inside[96];
	struct claims *claims = NULL;
	struct seen seen = { .left = 0 };
	int status;
	pid_t pid;

	snprintf(inside, sizeof(inside), "%s/none/claims", dir);
	must(claims_open(ctx, "claim", inside, &claims) == 0);
	is_int(claims_add(ctx, "claim", claims, "sf 1"), -ENOENT);
	contains(dpu_ctx_error_text(ctx), "claim ");
	contains(dpu_ctx_error_text(ctx), "none/claims");
	ok(!claims_remove(claims, "sf 1"), "what failed is not claimed");
	claims_close(ctx, claims);
	is_int(claims_visit(ctx, "look", "/dev/null", see, &seen), -ENOTDIR);
	must(mkdir(path, 0555) == 0 && chmod(dir, 0755) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* Root writes everywhere: be somebody else. */
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(77);
		claims = NULL;
		_exit(claims_open(ctx, "claim", path, &claims) < 0 ||
		      claims_add(ctx, "claim", claims, "sf 1") != -EACCES);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		tap_skip("root writes everywhere, and cannot become somebody else here");
	else
		ok(WEXITSTATUS(status) == 0, "who may not write there is told so");
	must(rmdir(path) == 0);
}

static int claim_all(struct dpu_ctx *ctx)
{
	struct claims *claims = NULL;
	char key[32];
	int i, rc;

	rc = claims_open(ctx, "claim", path, &claims);
	for (i = 0; rc == 0 && i < 20; i++) {
		snprintf(key, sizeof(key), "sf %d", i);
		rc = claims_add(ctx, "claim", claims, key);
	}
	while (claims && i-- > 0) {
		snprintf(key, sizeof(key), "sf %d", i);
		claims_remove(claims, key);
	}
	claims_close(ctx, claims);
	return rc;
}

static void no_memory(void)
{
	long fail_at, leaks = 0;
	int failures = 0, rc;

	for (fail_at = 1, rc = -ENOMEM; rc == -ENOMEM; fail_at++) {
		struct fail_nth memory = { .fail_at = 0 };
		struct dpu_allocator allocator = fail_nth_allocator(&memory);
		DPU_OPTS(dpu_ctx_opts, opts, .allocator = &allocator);
		struct dpu_ctx *ctx = NULL;

		must(dpu_ctx_open("sim:", &opts, &ctx) == 0);
		memory.fail_at = memory.calls + fail_at;
		rc = claim_all(ctx);
		failures += rc == -ENOMEM;
		dpu_ctx_unref(ctx);
		leaks += memory.live;
	}
	is_int(rc, 0);
	ok(failures >= 4, "each of %d allocations fails once", failures);
	is_int(leaks, 0);
	ok(access(path, F_OK) < 0, "no file is left");
}

/* Many at once in one folder, coming, going and sweeping. */
static void together(struct dpu_ctx *ctx)
{
	int i, round, status, bad = 0;
	pid_t pids[4];

	for (i = 0; i < 4; i++) {
		fflush(stdout);
		pids[i] = fork();
		must(pids[i] >= 0);
		if (pids[i] > 0)
			continue;
		for (round = 0; round < 60; round++) {
			struct seen seen = { .left = 0 };

			if (claim_all(ctx) < 0 || claims_forget(ctx, "forget", path, "sf 3") < 0 ||
			    claims_visit(ctx, "look", path, see, &seen) < 0 || seen.left) {
				fprintf(stderr, "# %s\n", dpu_ctx_error_text(ctx));
				_exit(1);
			}
		}
		_exit(0);
	}
	for (i = 0; i < 4; i++)
		bad += waitpid(pids[i], &status, 0) != pids[i] || !WIFEXITED(status) || WEXITSTATUS(status);
	is_int(bad, 0);
	ok(access(path, F_OK) < 0, "and nothing is left of it");
}

int main(void)
{
	struct dpu_ctx *ctx = open_uri("sim:");

	must(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/claims", dir);
	killed(ctx);
	closed(ctx);
	torn(ctx);
	foreign();
	unwritable(ctx);
	no_memory();
	together(ctx);
	ok(rmdir(dir) == 0, "no file is left");
	dpu_ctx_unref(ctx);
	return tap_done();
}
