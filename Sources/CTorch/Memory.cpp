#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <unordered_map>

#include "Handles.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

/// The system clears every page that it hands out. A training step asks for the same few sizes again and
/// again, so what is freed is kept for the next tensor of its size: the most recent blocks, and no more
/// of them than a limit.
class BlockCache final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t size) override {
    void *data = size < smallest ? c10::alloc_cpu(size) : block(rounded(size));
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void *target, const void *source, size_t size) const override {
    default_copy_data(target, source, size);
  }

  void limit(size_t bytes) {
    std::lock_guard<std::mutex> guard(lock);
    most = bytes;
    evict();
  }

  size_t kept() {
    std::lock_guard<std::mutex> guard(lock);
    return total;
  }

  static BlockCache &shared() {
    // Tensors may outlive everything; so does this.
    static BlockCache *cache = new BlockCache;
    return *cache;
  }

 private:
  struct Block {
    void *data;
    size_t size;
  };

  /// Smaller blocks are cheap to get.
  static constexpr size_t smallest = 256 << 10;

  static size_t rounded(size_t size) {
    constexpr size_t unit = 64 << 10;
    return (size + unit - 1) / unit * unit;
  }

  void *block(size_t size) {
    {
      std::lock_guard<std::mutex> guard(lock);
      for (auto found = kept_blocks.begin(); found != kept_blocks.end(); ++found) {
        if (found->size != size) continue;
        void *data = found->data;
        total -= size;
        kept_blocks.erase(found);
        sizes[data] = size;
        return data;
      }
    }
    void *data = c10::alloc_cpu(size);
    std::lock_guard<std::mutex> guard(lock);
    sizes[data] = size;
    return data;
  }

  static void release(void *data) {
    if (!data) return;
    auto &cache = shared();
    {
      std::lock_guard<std::mutex> guard(cache.lock);
      const auto found = cache.sizes.find(data);
      if (found != cache.sizes.end()) {
        cache.kept_blocks.push_front({data, found->second});
        cache.total += found->second;
        cache.sizes.erase(found);
        cache.evict();
        return;
      }
    }
    c10::free_cpu(data);
  }

  /// The oldest first.
  void evict() {
    while (total > most && !kept_blocks.empty()) {
      const auto oldest = kept_blocks.back();
      kept_blocks.pop_back();
      total -= oldest.size;
      c10::free_cpu(oldest.data);
    }
  }

  std::mutex lock;
  /// The most recent first.
  std::list<Block> kept_blocks;
  /// Of the blocks in use.
  std::unordered_map<void *, size_t> sizes;
  size_t total = 0;
  size_t most = 0;
};

}  // namespace

void ctorch_reuse_memory(int64_t bytes) {
#ifdef __GLIBC__
  // What is not kept goes back to the system at once.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  BlockCache::shared().limit(static_cast<size_t>(std::max<int64_t>(0, bytes)));
  c10::SetCPUAllocator(&BlockCache::shared(), 1);
}

int64_t ctorch_reusable_memory(void) { return static_cast<int64_t>(BlockCache::shared().kept()); }
