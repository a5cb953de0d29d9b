.PHONY: test bench fuzz ci generate check-generated docs dist

test:
	go test ./...

ci:
	.ci/run

# The assembly, from its generators: one for amd64, one for arm64.
GENERATED = gemm winograd vector
generate:
	go generate $(GENERATED:%=./internal/%)

# Fails when the committed assembly is not what the generators make. The first
# lines name the command, and with it the folder.
check-generated:
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && cd internal/asm && go test ./... && \
	for p in $(GENERATED); do \
		go run . -for $$p -out "$$made/$${p}_amd64.s" -stubs "$$made/stub_amd64.go" -pkg $$p || exit 1; \
		for file in $${p}_amd64.s stub_amd64.go; do \
			tail -n +2 "$$made/$$file" > "$$made/a" && tail -n +2 ../$$p/$$file | cmp "$$made/a" - || exit 1; \
		done; \
		go run ./neon -for $$p -out "$$made/$${p}_arm64.s" -stubs "$$made/stub_arm64.go" || exit 1; \
		for file in $${p}_arm64.s stub_arm64.go; do cmp "$$made/$$file" ../$$p/$$file || exit 1; done; \
	done

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 1m
fuzz:
	@grep -rHo --include='*_test.go' 'func Fuzz[A-Za-z0-9]*' . | sed 's/:func / /' | while read -r file target; do \
		echo "$$target in $$(dirname $$file)"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$(dirname $$file)" || exit 1; done

# Ours and the peers side by side: bench/README.md. BENCH takes flags, as -quick.
bench:
	go run ./bench $(BENCH)

# docs/cli.md, from the commands' own help.
docs:
	go test ./internal/command -run '^TestPage$$' -update

# Static programs for all systems into dist/, with their SHA-256. The same
# commit and Go make the same bytes, wherever and whenever: no paths, no build
# id, nothing of the environment.
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
dist:
	@rm -rf dist && mkdir dist
	@for program in lastlayer mnist; do for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/}; file=dist/$$program-$$os-$$arch; \
		if [ $$os = windows ]; then file=$$file.exe; fi; \
		echo $$file; \
		env GOFLAGS=-buildvcs=auto GOAMD64=v1 GOARM64=v8.0 CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch \
			go build -trimpath -ldflags '-s -w -buildid=' -o $$file ./cmd/$$program || exit 1; \
	done; done
	@cd dist && sha256sum lastlayer-* mnist-* > SHA256SUMS && cat SHA256SUMS
