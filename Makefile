# pg_spout: streaming exports from PostgreSQL. `make help` lists the targets.
.DEFAULT_GOAL := all

# --- names for the scripts of tools/, which need neither a server nor its build system ----------------
TOOL_GOALS = help check demo bench bench-quick format lint dist deb
.PHONY: $(TOOL_GOALS)
help:
	@echo 'make                 build the library        make install         install it (as root)'
	@echo 'make demo            see it work, from zero   make check           run every test, from zero'
	@echo 'make unit            core without a server    make installcheck    pg_regress on a running server'
	@echo 'make unit-asan fuzz  sanitizers, libFuzzer    make bench           measure'
	@echo 'make format lint     layout, layers, tidy     make bench-quick     half a minute of it; no time decides'
	@echo 'make dist            the archive for PGXN     make deb             Debian packages'
	@echo 'make uninstall       what install brought     make clean'
demo:
	@tools/demo
bench:
	@bench/run.sh
bench-quick:
	@bench/quick
format:
	@tools/lint.sh format
lint:
	@tools/check_layers.sh && tools/lint.sh layout && tools/lint.sh tidy

dist:
	@tools/dist
deb:
	@tools/deb

# PGXS has a `check` of its own, which refuses: ours is there when PGXS is not.
ifeq (,$(filter-out $(TOOL_GOALS),$(or $(MAKECMDGOALS),all)))
check:
	@tools/check
else
ifneq (,$(filter check,$(MAKECMDGOALS)))
$(error "make check" builds and installs by itself; ask for nothing beside it)
endif

# --- the library -------------------------------------------------------------------------------------
EXTENSION  = pg_spout pg_spout_bench
MODULE_big = pg_spout
DATA_built = $(patsubst %,%--0.1.0.sql,$(EXTENSION))
PGFILEDESC = "pg_spout - stream query results into files"

# Each room of the house lies on one side of the wall: tools/check_layers.sh.
CORE_ROOMS = src/base src/codec src/format src/engine
GLUE_ROOMS = src/pg src/entry src/bench
CORE_SRCS := $(shell find $(CORE_ROOMS) -name '*.cpp' | LC_ALL=C sort)
GLUE_SRCS := $(shell find $(GLUE_ROOMS) -name '*.cpp' | LC_ALL=C sort)
CORE_OBJS  = $(CORE_SRCS:.cpp=.o)
GLUE_OBJS  = $(GLUE_SRCS:.cpp=.o)
OBJS       = src/entry/magic.o $(CORE_OBJS) $(GLUE_OBJS)

REGRESS      = $(basename $(notdir $(sort $(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=.

PG_CONFIG ?= pg_config
# Bitcode would be built with another compiler and is never inlined across our wall.
override with_llvm = no

# libdeflate is faster than zlib; without it zlib does the work.
HAVE_LIBDEFLATE := $(shell printf '\043include <libdeflate.h>\n' | $(CXX) -E -x c++ - >/dev/null 2>&1 && echo 1)
CODEC_LIBS = -lsnappy -lzstd -llz4 -lbz2 -llzma -lz -lavro
ifeq ($(HAVE_LIBDEFLATE),1)
CODEC_DEFS = -DHAVE_LIBDEFLATE
CODEC_LIBS += -ldeflate
endif

WARNINGS = -Wall -Wextra -Werror -Wno-unused-parameter
PG_CPPFLAGS = -Isrc $(CODEC_DEFS)
SHLIB_LINK  = $(EXTRA_SHLIB_LINK) $(CODEC_LIBS) -lstdc++ -Wl,-Bsymbolic -Wl,--exclude-libs,ALL -Wl,--version-script=src/exports.map
EXTRA_CLEAN = build $(OBJS:.o=.d)

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PostgreSQL's own C flags for C++ are kept (-fwrapv, -fno-strict-aliasing); C-only warnings are dropped.
CXX_STD  ?= -std=c++17
COMMON_CXX = $(CXX_STD) -O2 -g -fwrapv -fno-strict-aliasing -fstack-protector-strong -fPIC -fvisibility=hidden \
	-D_FORTIFY_SOURCE=2 -DPGDLLEXPORT='__attribute__((visibility("default")))' -MMD -MP $(WARNINGS) $(EXTRA_CXXFLAGS)
$(CORE_OBJS): override CXXFLAGS = $(COMMON_CXX)
$(GLUE_OBJS): override CXXFLAGS = $(COMMON_CXX) -fno-exceptions -fno-rtti -Wno-register -Wno-sign-compare -Wno-missing-field-initializers
# Core never sees PostgreSQL's include path, so it cannot include it by accident.
$(CORE_OBJS): override CPPFLAGS = -Isrc $(CODEC_DEFS) -D_GNU_SOURCE

# What a source includes, as the compiler saw it. The flags stand here: a change of them builds everything anew.
$(OBJS): Makefile
-include $(OBJS:.o=.d)

# The install scripts are joined from their parts.
%--0.1.0.sql: extension/join src/format/formats.def Makefile $(wildcard extension/*/*)
	@extension/join $* >$@.new && mv $@.new $@

# The documentation keeps its folders, so that its links lead somewhere. Packages install it in their own way.
DOC_FILES := README.md CHANGELOG.md CONTRIBUTING.md LICENSE $(shell find docs -name '*.md')
DOC_DIR    = $(DESTDIR)$(docdir)/extension/pg_spout
.PHONY: install-docs uninstall-docs
ifneq ($(INSTALL_DOCS),no)
install: install-docs
uninstall: uninstall-docs
endif
install-docs:
	for f in $(DOC_FILES); do $(MKDIR_P) "$(DOC_DIR)/$$(dirname $$f)" && $(INSTALL_DATA) $$f "$(DOC_DIR)/$$f" || exit; done
uninstall-docs:
	rm -rf '$(DOC_DIR)'

-include test/unit/unit.mk
-include bench/bench.mk
endif
