/*
 * Keeps beside a data directory what a power failure would leave of it. Loaded by LD_PRELOAD.
 *
 *   TOPIARY_TEST_LIVE    the data directory
 *   TOPIARY_TEST_SYNCED  holds each file as it was at its last fsync or fdatasync
 *
 * The model is a journalling file system: a sync makes the file, its name, the names of files made before it in the
 * same directory (these are empty), and every rename and unlink before it durable, in order. Bytes written since, and
 * names, renames and unlinks that no sync followed, are lost. A file that is renamed before it was ever synced comes
 * out empty.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_PENDING 4096
#define MOST_KNOWN 4096

struct change {
  char from[PATH_MAX];
  char to[PATH_MAX]; /* empty: unlinked */
};

/* Which file a copy is of: another one may come under the same name. */
struct known {
  char path[PATH_MAX];
  ino_t inode;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct change *pending[MOST_PENDING];
static int pending_count;
static struct known *known[MOST_KNOWN];
static int known_count;
static const char *live;
static const char *synced;

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_rename)(const char *, const char *);
static int (*real_unlink)(const char *);

__attribute__((constructor)) static void begin(void) {
  live = getenv("TOPIARY_TEST_LIVE");
  synced = getenv("TOPIARY_TEST_SYNCED");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_rename = dlsym(RTLD_NEXT, "rename");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
}

static void fail(const char *what, const char *path) {
  fprintf(stderr, "last-synced: cannot %s %s: %s\n", what, path, strerror(errno));
  abort();
}

/* The place in `synced` of a path, 0 when it is not in `live`. */
static int place_of(const char *path, char *place) {
  size_t length = live == NULL ? 0 : strlen(live);
  if (length == 0 || synced == NULL || strncmp(path, live, length) != 0 || path[length] != '/') return 0;
  if (snprintf(place, PATH_MAX, "%s%s", synced, path + length) >= PATH_MAX) return 0;
  return 1;
}

static void make_parents(const char *place) {
  char parent[PATH_MAX];
  strcpy(parent, place);
  for (char *slash = strchr(parent + strlen(synced) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    if (mkdir(parent, 0700) != 0 && errno != EEXIST) fail("make", parent);
    *slash = '/';
  }
}

static void forget(const char *place) {
  for (int index = 0; index < known_count; index++) {
    if (strcmp(known[index]->path, place) == 0) known[index]->inode = 0;
  }
}

/* Whether the copy at `place` was made of that inode; it is from now on. */
static int was_copy_of(const char *place, ino_t inode) {
  for (int index = 0; index < known_count; index++) {
    if (strcmp(known[index]->path, place) != 0) continue;
    int same = known[index]->inode == inode;
    known[index]->inode = inode;
    return same;
  }
  if (known_count == MOST_KNOWN) return 0;
  struct known *one = malloc(sizeof *one);
  strcpy(one->path, place);
  one->inode = inode;
  known[known_count++] = one;
  return 0;
}

static void settle_pending(void) {
  for (int index = 0; index < pending_count; index++) {
    struct change *change = pending[index];
    if (change->to[0] == 0) {
      real_unlink(change->from);
    } else {
      make_parents(change->to);
      if (real_rename(change->from, change->to) != 0) {
        int empty = open(change->to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (empty >= 0) close(empty);
      }
      forget(change->to);
    }
    forget(change->from);
    free(change);
  }
  pending_count = 0;
}

/* Files of LevelDB only grow, so of a file that is known only what is new has to be copied. */
static void copy_file(const char *path, const char *place, const struct stat *state) {
  static char buffer[1 << 20];
  make_parents(place);
  off_t at = 0;
  struct stat before;
  if (stat(place, &before) == 0 && was_copy_of(place, state->st_ino) && before.st_size <= state->st_size) {
    at = before.st_size;
  }
  int from = open(path, O_RDONLY);
  if (from < 0) return; /* unlinked meanwhile */
  int to = open(place, O_WRONLY | O_CREAT | (at == 0 ? O_TRUNC : 0), 0600);
  if (to < 0) fail("open", place);
  was_copy_of(place, state->st_ino);
  while (at < state->st_size) {
    size_t wanted = sizeof buffer;
    if ((off_t)wanted > state->st_size - at) wanted = state->st_size - at;
    ssize_t count = pread(from, buffer, wanted, at);
    if (count <= 0) break;
    if (pwrite(to, buffer, count, at) != count) fail("write", place);
    at += count;
  }
  close(from);
  close(to);
}

/* Files beside `path`, or in it, that were made and not synced: their names are there from now on. */
static void keep_names(const char *path, int is_directory) {
  char parent[PATH_MAX];
  strcpy(parent, path);
  if (!is_directory) *strrchr(parent, '/') = 0;
  DIR *files = opendir(parent);
  if (files == NULL) return;
  for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files)) {
    char name[PATH_MAX], place[PATH_MAX];
    if (entry->d_type != DT_REG) continue;
    if (snprintf(name, PATH_MAX, "%s/%s", parent, entry->d_name) >= PATH_MAX || !place_of(name, place)) continue;
    make_parents(place);
    int empty = open(place, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (empty >= 0) close(empty);
  }
  closedir(files);
}

static int sync_file(int fd, int (*real)(int)) {
  char link[64], path[PATH_MAX], place[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  struct stat state;
  int found = length > 0 && fstat(fd, &state) == 0; /* its size before: bytes that come during the sync may be lost */
  int outcome = real(fd);
  if (!found || outcome != 0) return outcome;
  path[length] = 0;
  if (live != NULL && strcmp(path, live) != 0 && !place_of(path, place)) return outcome;
  if (live == NULL) return outcome;
  pthread_mutex_lock(&lock);
  settle_pending();
  keep_names(path, S_ISDIR(state.st_mode));
  if (S_ISREG(state.st_mode) && place_of(path, place)) copy_file(path, place, &state);
  pthread_mutex_unlock(&lock);
  return outcome;
}

int fsync(int fd) { return sync_file(fd, real_fsync); }

int fdatasync(int fd) { return sync_file(fd, real_fdatasync); }

static void remember(const char *from, const char *to) {
  struct change *change = malloc(sizeof *change);
  change->to[0] = 0;
  if (!place_of(from, change->from) || (to != NULL && !place_of(to, change->to))) {
    free(change);
    return;
  }
  pthread_mutex_lock(&lock);
  if (pending_count == MOST_PENDING) settle_pending();
  pending[pending_count++] = change;
  pthread_mutex_unlock(&lock);
}

int rename(const char *from, const char *to) {
  int outcome = real_rename(from, to);
  if (outcome == 0) remember(from, to);
  return outcome;
}

int unlink(const char *path) {
  int outcome = real_unlink(path);
  if (outcome == 0) remember(path, NULL);
  return outcome;
}
