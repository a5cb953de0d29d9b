.PHONY: test bench fuzz ci generate check-generated

test:
	go test ./...

ci:
	.ci/run

# The assembly of the matrix products, from its generator.
generate:
	cd internal/gemm && go generate .

# Fails when the committed assembly is not what the generator makes.
check-generated:
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && \
	(cd internal/asm && go run . -out "$$made/gemm_amd64.s" -stubs "$$made/stub_amd64.go" -pkg gemm) && \
	tail -n +2 "$$made/gemm_amd64.s" > "$$made/a" && tail -n +2 internal/gemm/gemm_amd64.s | diff -q "$$made/a" - && \
	tail -n +2 "$$made/stub_amd64.go" > "$$made/b" && tail -n +2 internal/gemm/stub_amd64.go | diff -q "$$made/b" -

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 1m
fuzz:
	@grep -rHo --include='*_test.go' 'func Fuzz[A-Za-z0-9]*' . | sed 's/:func / /' | while read -r file target; do \
		echo "$$target in $$(dirname $$file)"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$(dirname $$file)" || exit 1; done

# Ours and the peers side by side: bench/README.md. BENCH takes flags, as -quick.
bench:
	go run ./bench $(BENCH)
