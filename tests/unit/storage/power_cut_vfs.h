// A file system for SQLite that can lose power: what was written since the last sync of a file
// reaches the disk in part, by chance, in any order.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace proa::storage {

/// While one exists it is the VFS of every connection that is opened. SQLite's own does the work;
/// this one remembers. https://www.sqlite.org/vfs.html
class PowerCutVfs {
 public:
  PowerCutVfs() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.zName = "power-cut";
    vfs_.pAppData = this;
    vfs_.xOpen = &open;
    vfs_.xDelete = &remove;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~PowerCutVfs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  PowerCutVfs(const PowerCutVfs&) = delete;
  PowerCutVfs& operator=(const PowerCutVfs&) = delete;

  /// Writes what a disk could hold after a power cut now: the files of `from`, into `folder`.
  void cut(const std::filesystem::path& from, const std::filesystem::path& folder,
           std::mt19937& chance) const {
    for (const auto& [name, state] : files_) {
      if (std::filesystem::path(name).parent_path() != from || removed_.contains(name)) continue;
      std::string content = state.synced;
      for (const Write& write : state.unsynced) {
        if (chance() % 2 == 0) apply(content, write);
      }
      std::ofstream file(folder / std::filesystem::path(name).filename(), std::ios::binary);
      file << content;
    }
  }
  std::size_t syncs() const { return syncs_; }

 private:
  struct Write {
    std::size_t offset = 0;
    std::string bytes;
    bool is_truncation = false;
  };
  struct State {
    std::string synced;
    std::vector<Write> unsynced;
  };
  /// What SQLite sees as its file; the real one lies behind it in the same memory.
  struct File {
    sqlite3_file base;
    State* state = nullptr;
    PowerCutVfs* owner = nullptr;
  };

  static void apply(std::string& content, const Write& write) {
    if (write.is_truncation) return content.resize(write.offset);
    if (content.size() < write.offset + write.bytes.size()) {
      content.resize(write.offset + write.bytes.size());
    }
    content.replace(write.offset, write.bytes.size(), write.bytes);
  }

  static File& mine(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
    auto* const self = static_cast<PowerCutVfs*>(vfs->pAppData);
    File& made = mine(file);
    made = File();
    const int status = self->real_->xOpen(self->real_, name, real(file), flags, out);
    if (status != SQLITE_OK) return status;
    made.base.pMethods = &kMethods;
    made.owner = self;
    made.state = name == nullptr ? nullptr : &self->files_[name];
    if (name != nullptr) self->removed_.erase(name);
    return SQLITE_OK;
  }
  /// Names are as durable as SQLite's own order of syncs makes them: not what is tested here.
  static int remove(sqlite3_vfs* vfs, const char* name, int is_synced) {
    auto* const self = static_cast<PowerCutVfs*>(vfs->pAppData);
    self->files_[name] = State();  // stays: a file that is still open points to it
    self->removed_.insert(name);
    return self->real_->xDelete(self->real_, name, is_synced);
  }
  static int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
    if (State* const state = mine(file).state) {
      // A disk writes sectors: half of a larger write may be there.
      constexpr std::size_t kSector = 512;
      const std::string_view all(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
      for (std::size_t at = 0; at < all.size(); at += kSector) {
        state->unsynced.push_back(
            {static_cast<std::size_t>(offset) + at, std::string(all.substr(at, kSector)), false});
      }
    }
    return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    if (State* const state = mine(file).state) {
      state->unsynced.push_back({static_cast<std::size_t>(size), {}, true});
    }
    return real(file)->pMethods->xTruncate(real(file), size);
  }
  static int sync(sqlite3_file* file, int flags) {
    const int status = real(file)->pMethods->xSync(real(file), flags);
    if (State* const state = mine(file).state; state != nullptr && status == SQLITE_OK) {
      for (const Write& written : state->unsynced) apply(state->synced, written);
      state->unsynced.clear();
      ++mine(file).owner->syncs_;
    }
    return status;
  }

  // The rest goes to the real file as it is.
  static int close(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
  static int read(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return real(f)->pMethods->xRead(real(f), to, n, at);
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    return real(f)->pMethods->xFileSize(real(f), out);
  }
  static int lock(sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); }
  static int unlock(sqlite3_file* f, int level) {
    return real(f)->pMethods->xUnlock(real(f), level);
  }
  static int check_lock(sqlite3_file* f, int* out) {
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
  }
  static int control(sqlite3_file* f, int what, void* with) {
    return real(f)->pMethods->xFileControl(real(f), what, with);
  }
  static int sector(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
  // No promise of the disk beyond whole sectors.
  static int traits(sqlite3_file*) { return 0; }
  static int map(sqlite3_file* f, int page, int n, int extend, void volatile** out) {
    return real(f)->pMethods->xShmMap(real(f), page, n, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int at, int n, int flags) {
    return real(f)->pMethods->xShmLock(real(f), at, n, flags);
  }
  static void barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
  static int unmap(sqlite3_file* f, int is_delete) {
    return real(f)->pMethods->xShmUnmap(real(f), is_delete);
  }

  static constexpr sqlite3_io_methods kMethods = {2,        &close,  &read,   &write,  &truncate,
                                                  &sync,    &size,   &lock,   &unlock, &check_lock,
                                                  &control, &sector, &traits, &map,    &shm_lock,
                                                  &barrier, &unmap,  nullptr, nullptr};

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  std::map<std::string, State> files_;
  std::set<std::string> removed_;
  std::size_t syncs_ = 0;
};

}  // namespace proa::storage
