#include "Devices.h"

// NORMA_CUDA is defined where LibTorch's CUDA libraries are linked. Its headers need those of CUDA
// itself; without them steps run operation by operation.
#if defined(NORMA_CUDA) && __has_include(<cuda_runtime_api.h>)
#include <ATen/cuda/CUDAGraph.h>
#define NORMA_RECORDS_GRAPHS 1
#endif

using namespace ctorch;

#ifdef NORMA_RECORDS_GRAPHS

struct ctorch_graph {
  at::cuda::CUDAGraph graph;
  /// What the recorded kernels read; it lives as long as they do.
  Constants constants;
};

bool ctorch_can_record(void) { return ctorch_uses_cuda(); }

int ctorch_record_begin(CTorchGenerator generator, CTorchGraph *out) {
  return perform([&] {
    auto recorded = std::make_unique<ctorch_graph>();
    recorded->graph.register_generator_state(generator->value);
    recorded->graph.capture_begin();
    *out = recorded.release();
  });
}

int ctorch_record_end(CTorchGraph graph) {
  return perform([&] {
    graph->constants = take_constants();
    graph->graph.capture_end();
  });
}

int ctorch_replay(CTorchGraph graph) {
  return perform([&] { graph->graph.replay(); });
}

void ctorch_graph_free(CTorchGraph graph) { delete graph; }

#else

struct ctorch_graph {};

bool ctorch_can_record(void) { return false; }

static int cannot_record() {
  return fail("this build has no CUDA graphs: CUDA's headers were not there when it was made");
}

int ctorch_record_begin(CTorchGenerator, CTorchGraph *) { return cannot_record(); }

int ctorch_record_end(CTorchGraph) { return cannot_record(); }

int ctorch_replay(CTorchGraph) { return cannot_record(); }

void ctorch_graph_free(CTorchGraph graph) { delete graph; }

#endif
