"""Turns the list of targets into rules. A target is called as in CMake: @allmende//:sdk_format, in short //sdk:format."""

load(":system.bzl", "SYSTEM")
load(":targets.bzl", "TARGETS")

# What every SDK library may include without naming it, as in CMake.
_PUBLIC_HEADERS = "sdk_include"

def _rule_of_dependency(name):
    """`policy_view` -> `:policy_view`, `absl::time` -> `:system/absl`."""
    if name in [target["name"] for target in TARGETS]:
        return ":" + name
    system = "absl" if name.startswith("absl::") else name
    if system not in SYSTEM:
        fail("no target and no system library: `%s`; name it in bazel-compat/system.bzl" % name)
    return ":" + _system_rule(system)

def _system_rule(name):
    return "system/" + name.replace("::", "/")

def _rules_of_dependencies(names):
    # A public and a private dependency may be the same, and rules refuse one that is named twice.
    return {_rule_of_dependency(name): None for name in names}.keys()

def _system_libraries():
    for name, (linkopts, defines) in SYSTEM.items():
        native.cc_library(name = _system_rule(name), defines = defines, linkopts = linkopts)

def _generated(target, endings, flags):
    """Sources and headers that protoc makes of a target's files, and the library of them."""
    stems = ["gen/" + source[:-len(".proto")] for source in target["sources"]]
    sources = [stem + endings + ".cc" for stem in stems]
    headers = [stem + endings + ".h" for stem in stems]
    native.genrule(
        name = target["name"] + "_generated",
        srcs = native.glob(["proto/**/*.proto"]),
        outs = sources + headers,
        cmd = "root=$$(echo $(SRCS) | sed 's|/proto/.*|/proto|') && protoc -I $$root %s %s" %
              (flags, " ".join(["$$root/" + source for source in target["sources"]])),
    )
    native.cc_library(
        name = target["name"],
        srcs = sources,
        hdrs = headers,
        includes = ["gen"],
        linkstatic = True,
        deps = _rules_of_dependencies(target["deps"]),
    )

def _sources(target):
    return [target["folder"] + "/" + source for source in target["sources"]]

def _headers(target):
    return native.glob([target["folder"] + "/*.h"], allow_empty = True)

def _dependencies(target):
    public = [":" + _PUBLIC_HEADERS] if target["folder"].startswith("sdk/") else []
    return public + _rules_of_dependencies(target["deps"])

def allmende_targets():
    """All rules of the package that is rooted at the project's top folder."""
    _system_libraries()
    native.cc_library(
        name = _PUBLIC_HEADERS,
        hdrs = native.glob(["sdk/include/**/*.h"]),
        includes = ["sdk/include"],
        deps = [":proto_messages"],
    )
    for target in TARGETS:
        kind = target["kind"]
        if kind == "messages":
            _generated(target, ".pb", "--cpp_out=$(RULEDIR)/gen")
        elif kind == "services":
            _generated(
                target,
                ".grpc.pb",
                "--grpc_out=$(RULEDIR)/gen --plugin=protoc-gen-grpc=$$(command -v grpc_cpp_plugin)",
            )
        elif kind == "library":
            native.cc_library(
                name = target["name"],
                srcs = _sources(target),
                hdrs = _headers(target),
                linkstatic = True,
                deps = _dependencies(target),
            )
        elif kind == "binary":
            native.cc_binary(
                name = target["name"],
                srcs = _sources(target) + _headers(target),
                deps = _dependencies(target),
            )
        else:
            fail("the kind `%s` of `%s` is unknown" % (kind, target["name"]))

def allmende_layer(layer):
    """Short names of a layer's targets, and under the layer's own name all of them together."""
    names = [target["name"] for target in TARGETS if (target["folder"] + "/").startswith(layer + "/")]
    for name in names:
        short = name[len(layer) + 1:] if name.startswith(layer + "_") else name
        native.alias(name = short, actual = "@allmende//:" + name)
    native.filegroup(name = layer, srcs = ["@allmende//:" + name for name in names])
