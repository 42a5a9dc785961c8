/* A function as a container image has it: one static program that speaks the Runtime API. It
   answers each event with what it sees. Built by test_images.py. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIZE = 65536 };
static char answer[SIZE], reply[SIZE], request[SIZE * 2];

/* Sends what is in `request`, and reads all that comes into `answer`. */
static void ask(void) {
  char host[64];
  const char* api = getenv("AWS_LAMBDA_RUNTIME_API");
  const char* colon = api ? strchr(api, ':') : NULL;
  if (!colon) exit(3);
  snprintf(host, sizeof host, "%.*s", (int)(colon - api), api);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(colon + 1))};
  inet_pton(AF_INET, host, &address.sin_addr);
  int link = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(link, (struct sockaddr*)&address, sizeof address) != 0) exit(4);
  if (write(link, request, strlen(request)) < 0) exit(5);
  size_t used = 0;
  ssize_t got;
  while ((got = read(link, answer + used, SIZE - 1 - used)) > 0) used += (size_t)got;
  answer[used] = '\0';
  close(link);
}

static char* at = reply;
static void say(const char* text) { at = stpcpy(at, text); }
static void say_text(const char* text) {
  *at++ = '"';
  for (; text && *text; ++text) {
    if (*text == '"' || *text == '\\') *at++ = '\\';
    *at++ = *text == '\n' ? ' ' : *text;
  }
  *at++ = '"';
  *at = '\0';
}
static void member(const char* name, const char* value) {
  say(",");
  say_text(name);
  say(":");
  if (value) say_text(value); else say("null");
}
static const char* file_text(const char* path) {
  static char text[1024];
  int file = open(path, O_RDONLY);
  if (file < 0) return NULL;
  ssize_t got = read(file, text, sizeof text - 1);
  text[got > 0 ? got : 0] = '\0';
  close(file);
  return text;
}
static const char* try_to_write(const char* path) {
  int file = open(path, O_WRONLY | O_CREAT, 0600);
  if (file < 0) return strerror(errno);
  close(file);
  return "written";
}

static void look(int argc, char** argv, const char* event) {
  char folder[256];
  at = reply;
  say("{\"event\":");
  say(event);
  say(",\"arguments\":[");
  for (int i = 0; i < argc; ++i) {
    if (i) say(",");
    say_text(argv[i]);
  }
  say("],\"root\":[");
  DIR* root = opendir("/");
  int count = 0;
  for (struct dirent* entry; root && (entry = readdir(root));) {
    if (entry->d_name[0] == '.') continue;
    if (count++) say(",");
    say_text(entry->d_name);
  }
  if (root) closedir(root);
  say("]");
  member("cwd", getcwd(folder, sizeof folder));
  member("mine", getenv("MINE"));
  member("path", getenv("PATH"));
  member("task_root", getenv("LAMBDA_TASK_ROOT"));
  member("handler", getenv("_HANDLER"));
  member("name", getenv("AWS_LAMBDA_FUNCTION_NAME"));
  member("layered", file_text("/etc/layered"));
  member("hidden", file_text("/etc/hidden"));
  member("resolver", file_text("/etc/resolv.conf"));
  member("proc", file_text("/proc/self/comm"));
  member("etc_written", try_to_write("/etc/new"));
  member("tmp_written", try_to_write("/tmp/new"));
  member("null_written", try_to_write("/dev/null"));
  char uid[32];
  snprintf(uid, sizeof uid, "%d", (int)getuid());
  member("uid", uid);
  say("}");
}

int main(int argc, char** argv) {
  for (;;) {
    snprintf(request, sizeof request,
             "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: a\r\n"
             "Connection: close\r\n\r\n");
    ask();
    static const char kId[] = "lambda-runtime-aws-request-id:";
    char id[64] = "";
    char* found = strcasestr(answer, kId);
    char* event = strstr(answer, "\r\n\r\n");
    if (!found || !event) return 6;
    sscanf(found + sizeof kId - 1, " %63s", id);
    printf("called in an image\n");
    fflush(stdout);
    look(argc, argv, event + 4);
    snprintf(request, sizeof request,
             "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: a\r\n"
             "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
             id, strlen(reply), reply);
    ask();
  }
}
