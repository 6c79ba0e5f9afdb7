# unit.mk - core without a server: GoogleTest plain and under sanitizers, libFuzzer. Included by the root
# Makefile; everything is built under build/, nothing next to the sources.
UNIT_CORE   = $(CORE_SRCS)
UNIT_TESTS := $(sort $(wildcard test/unit/*_test.cpp))
FUZZERS    := $(basename $(notdir $(sort $(wildcard test/fuzz/*_fuzz.cpp))))
FUZZ_SECONDS ?= 60

CLANGXX ?= clang++
# As the extension is built, so that sanitizers judge the code that ships.
UNIT_CXX  = $(CXX_STD) -g -fwrapv -fno-strict-aliasing -D_GNU_SOURCE -Isrc -Itest/unit $(CODEC_DEFS) $(WARNINGS)
UNIT_LIBS = -lgtest_main -lgtest $(CODEC_LIBS) -lpthread
UNIT_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# What a hostile file may make the reader ask for at once, and hold in all (MB).
FUZZ_LIMITS = -malloc_limit_mb=300 -rss_limit_mb=1500 -timeout=20

unit: build/unit/plain/unit
	build/unit/plain/unit --gtest_brief=1
unit-asan: build/unit/asan/unit
	ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 build/unit/asan/unit --gtest_brief=1
# Only what runs in two threads.
unit-tsan: build/unit/tsan/unit
	TSAN_OPTIONS=halt_on_error=1 build/unit/tsan/unit --gtest_brief=1
fuzz: $(addprefix fuzz-,$(FUZZERS))

build/unit/plain/unit: $(patsubst %.cpp,build/unit/plain/%.o,$(UNIT_CORE) $(UNIT_TESTS))
	$(CXX) -o $@ $^ $(UNIT_LIBS)
build/unit/plain/%.o: %.cpp Makefile test/unit/unit.mk
	@mkdir -p $(@D)
	$(CXX) $(UNIT_CXX) -O1 -MMD -MP -c -o $@ $<

build/unit/asan/unit: $(patsubst %.cpp,build/unit/asan/%.o,$(UNIT_CORE) $(UNIT_TESTS))
	$(CXX) $(UNIT_SANITIZE) -o $@ $^ $(UNIT_LIBS)
build/unit/asan/%.o: %.cpp Makefile test/unit/unit.mk
	@mkdir -p $(@D)
	$(CXX) $(UNIT_CXX) $(UNIT_SANITIZE) -O1 -MMD -MP -c -o $@ $<

build/unit/tsan/unit: $(patsubst %.cpp,build/unit/tsan/%.o,$(UNIT_CORE) test/unit/packer_test.cpp)
	$(CXX) -fsanitize=thread -o $@ $^ $(UNIT_LIBS)
build/unit/tsan/%.o: %.cpp Makefile test/unit/unit.mk
	@mkdir -p $(@D)
	$(CXX) $(UNIT_CXX) -fsanitize=thread -O1 -MMD -MP -c -o $@ $<

# Findings are left in build/fuzz/<fuzzer>/ and fail the run; seeds are the fuzzer's own business.
fuzz-%: build/fuzz/%
	@mkdir -p build/fuzz/corpus-$*
	build/fuzz/$* -max_total_time=$(FUZZ_SECONDS) $(FUZZ_LIMITS) -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=build/fuzz/ $(FUZZ) build/fuzz/corpus-$*
$(addprefix build/fuzz/,$(FUZZERS)): build/fuzz/%: build/fuzz/obj/test/fuzz/%.o \
		$(patsubst %.cpp,build/fuzz/obj/%.o,$(UNIT_CORE))
	$(CLANGXX) -fsanitize=fuzzer,address,undefined -o $@ $^ $(CODEC_LIBS)
build/fuzz/obj/%.o: %.cpp Makefile test/unit/unit.mk
	@mkdir -p $(@D)
	$(CLANGXX) $(UNIT_CXX) -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -O1 -MMD -MP -c -o $@ $<

-include $(shell find build/unit build/fuzz -name '*.d' 2>/dev/null)

.PHONY: unit unit-asan unit-tsan fuzz
.PRECIOUS: build/fuzz/obj/%.o build/unit/plain/%.o build/unit/asan/%.o build/unit/tsan/%.o
