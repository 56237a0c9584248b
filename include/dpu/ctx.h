/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * @file dpu/ctx.h
 * @brief The context: which world the program talks to, and what went wrong last.
 *
 * A context is opened from a URI:
 *
 * - `linux:` the machine that the program runs on;
 * - `sim:` a BlueField-3 in memory, fresh for each context;
 * - `sim:/path/topology.json` a BlueField-3 whose state lives in that file and is shared by every process
 *   that opens it. The file is created when it is missing.
 *
 * A `sim:` URI takes parameters after `?`, separated by `&`: `fault=STEP:ERRNO[@N]` makes the Nth call
 * (default 1) of a step fail, `latency=STEP:MILLISECONDS` makes a step take time, `eswitch=legacy` starts
 * a fresh DPU in legacy mode. dpu-sim(5) lists the steps.
 *
 * Thread rule: a context and all objects obtained from it may be used by one thread at a time. Different
 * contexts are independent. `_ref` and `_unref` are atomic and may be called from any thread.
 */
#ifndef DPU_CTX_H
#define DPU_CTX_H

#include <dpu/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A context; see dpu_ctx_open(). */
struct dpu_ctx;
/** The detail of a failure; see dpu_ctx_error(). */
struct dpu_error;

/** Importance of a log message. */
enum dpu_log_level {
	DPU_LOG_NONE = 0,          /**< Nothing is logged. */
	DPU_LOG_ERROR = 1,         /**< Something failed that the caller may not see otherwise. */
	DPU_LOG_INFO = 2,          /**< A step of a longer operation. */
	DPU_LOG_DEBUG = 3,         /**< Everything asked of the kernel or the firmware. */
	DPU_LOG_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/** What a kernel may or may not offer. */
enum dpu_facility {
	DPU_FACILITY_PCI = 0,           /**< PCI functions (sysfs or libpci). */
	DPU_FACILITY_NETDEV = 1,        /**< Network devices (rtnetlink). */
	DPU_FACILITY_DEVLINK = 2,       /**< devlink devices and ports (generic netlink). */
	DPU_FACILITY_RDMA = 3,          /**< RDMA devices (sysfs). */
	DPU_FACILITY_PAD_ = 0x7fffffff, /**< Fixes the width of the enumeration. */
};

/**
 * Receives one log message. The text is complete; it is valid during the call only.
 * The function must not call the library with the same context.
 */
typedef void (*dpu_log_fn)(void *data, int level, const char *file, int line, const char *func,
			   const char *message);

/** Where the library's own objects live. libnl, libpci, libibverbs and jansson use malloc(3). */
struct dpu_allocator {
	void *(*alloc)(void *data, size_t size);              /**< As malloc(3). */
	void *(*realloc)(void *data, void *ptr, size_t size); /**< As realloc(3). */
	void (*free)(void *data, void *ptr);                  /**< As free(3). */
	void *data;                                           /**< Given to each call. */
};

/** Options of dpu_ctx_open(). */
struct dpu_ctx_opts {
	size_t sz;                             /**< Set by DPU_OPTS(). */
	const struct dpu_allocator *allocator; /**< NULL: malloc(3). Copied. */
	dpu_log_fn log;                        /**< NULL: nothing is logged. */
	void *log_data;                        /**< Given to each call of log. */
	const char *sysfs_root;                /**< NULL: "/sys". For `linux:` only; a recorded tree. */
	char *error;                           /**< Where the reason goes when opening fails, or NULL. */
	size_t error_size;                     /**< Bytes at error. */
	uint32_t log_level;                    /**< enum dpu_log_level: the least important to log. */
	uint32_t reserved;                     /**< Zero. */
};

/**
 * @brief Opens a context.
 *
 * @param uri Which world, see above. Never taken from the environment: NULL means `linux:`.
 * @param opts Options, or NULL for none.
 * @param ret The new context, to be released with dpu_ctx_unref(). Untouched on failure.
 * @return 0, or a negative errno with the reason in opts->error:
 *  -EINVAL the URI, one of its parameters or an option is malformed;
 *  -EPROTONOSUPPORT no such provider, or a topology file of a newer format;
 *  -EBADMSG the topology file is torn or is no topology;
 *  -ENOENT, -EACCES, -ENOTDIR, -ENOSPC and others as open(2) and write(2) say of the topology file;
 *  -ENOMEM.
 */
DPU_PUBLIC int dpu_ctx_open(const char *uri, const struct dpu_ctx_opts *opts, struct dpu_ctx **ret);

/**
 * @brief Takes one more reference.
 * @param ctx A context.
 * @return ctx.
 */
DPU_PUBLIC struct dpu_ctx *dpu_ctx_ref(struct dpu_ctx *ctx);

/**
 * @brief Drops a reference. The last one closes the context; every object obtained from it holds one.
 * @param ctx A context, or NULL.
 * @return NULL.
 */
DPU_PUBLIC struct dpu_ctx *dpu_ctx_unref(struct dpu_ctx *ctx);

/**
 * @brief Tells the URI that the context was opened with.
 * @param ctx A context.
 * @return The URI, owned by the context.
 */
DPU_PUBLIC const char *dpu_ctx_uri(struct dpu_ctx *ctx);

/**
 * @brief Tells the provider behind the context.
 * @param ctx A context.
 * @return "linux" or "sim", a constant string.
 */
DPU_PUBLIC const char *dpu_ctx_provider(struct dpu_ctx *ctx);

/**
 * @brief Tells whether the world behind the context has a facility. An absent facility is no error:
 * discovery goes on with what is there.
 * @param ctx A context.
 * @param facility What to ask for.
 * @param reason Receives why it is absent, owned by the context; may be NULL. Set to NULL when present.
 * @return 1 present, 0 absent, or -EINVAL for an unknown facility.
 */
DPU_PUBLIC int dpu_ctx_facility(struct dpu_ctx *ctx, enum dpu_facility facility, const char **reason);

/**
 * @brief Names a facility.
 * @param facility A facility.
 * @return "pci", "netdev", "devlink", "rdma", or NULL when unknown.
 */
DPU_PUBLIC const char *dpu_facility_name(enum dpu_facility facility);

/**
 * @brief Gives the detail of the last call on the context, or on an object of it, that failed.
 * @param ctx A context.
 * @return The detail, owned by the context and valid until the next failing call; NULL if nothing failed.
 */
DPU_PUBLIC const struct dpu_error *dpu_ctx_error(struct dpu_ctx *ctx);

/**
 * @brief Gives the last failure as one line: "step object: message".
 * @param ctx A context.
 * @return The text, owned by the context and valid until the next failing call; "" if nothing failed.
 */
DPU_PUBLIC const char *dpu_ctx_error_text(struct dpu_ctx *ctx);

/**
 * @brief Tells the errno of a failure.
 * @param error A detail.
 * @return A negative errno, as the failing call returned it.
 */
DPU_PUBLIC int dpu_error_code(const struct dpu_error *error);

/**
 * @brief Tells which step failed, in the provider's words: "find device", "sf_activate", …
 * @param error A detail.
 * @return The step, valid as long as error.
 */
DPU_PUBLIC const char *dpu_error_step(const struct dpu_error *error);

/**
 * @brief Tells what the step was about: "pci/0000:03:00.0", "sfnum 88", a path, …
 * @param error A detail.
 * @return The object, valid as long as error; "" when there is none.
 */
DPU_PUBLIC const char *dpu_error_object(const struct dpu_error *error);

/**
 * @brief Tells why: the kernel's extended ack, the firmware's words, or the library's own.
 * @param error A detail.
 * @return The message, valid as long as error.
 */
DPU_PUBLIC const char *dpu_error_message(const struct dpu_error *error);

/**
 * @brief Tells what a person can do about it.
 * @param error A detail.
 * @return The hint, valid as long as error; "" when there is none.
 */
DPU_PUBLIC const char *dpu_error_hint(const struct dpu_error *error);

#ifdef __cplusplus
}
#endif

#endif
