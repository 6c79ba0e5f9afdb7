# bench.mk - the two writers of the peer comparison. Ours is linked from the objects of the extension itself.
# Included by the root Makefile; bench/vs_copy asks for `bench-peers`.
bench-peers: build/bench/avro_c_writer build/bench/spout_writer
build/bench/rows.o: bench/peers/rows.c bench/peers/rows.h
	@mkdir -p $(@D)
	$(CC) -O2 -Wall -Wextra -Werror -c -o $@ $<
build/bench/avro_c_writer: bench/peers/avro_c_writer.c build/bench/rows.o
	$(CC) -O2 -Wall -Wextra -Werror -o $@ $^ -lavro
build/bench/spout_writer: bench/peers/spout_writer.cpp build/bench/rows.o $(CORE_OBJS)
	$(CXX) $(COMMON_CXX) -Isrc -o $@ $^ $(CODEC_LIBS)
.PHONY: bench-peers
