// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Merkle} from "./Merkle.sol";
import {Rv32Step} from "./Rv32Step.sol";

/// @title What a provider opens when one node is left of the search through a graph
/// @notice Follows `graph/execution.rs` of the crate `hyperdust-proof`, which says what of an opening is nobody's word and why. Two graphs are
/// given, one whose first outputs are agreed on and one with the output of the next node as well; an opening leads from the one to the first
/// state of that node's run, and from the other to its last state, or is refused.
library Opening {
    /// @notice A string by what its root is made of.
    struct Head {
        bytes32 kind;
        uint64 length;
        bytes32 tree;
    }

    /// @notice The output of an earlier node, opened in the agreed graph.
    struct Output {
        bytes32 output;
        /// @dev Of its word, from its own sibling upwards.
        bytes32[] siblings;
    }

    /// @notice A node's run.
    struct Run {
        /// @dev Root of the program's image region.
        bytes32 program;
        /// @dev Where each input comes from, eight bytes each: 0 nowhere, 1 given, 2 + i output of node i.
        bytes32 sources;
        /// @dev Roots of the inputs that are given; zero otherwise.
        bytes32[4] given;
        /// @dev Of the node's subtree, from its own sibling upwards.
        bytes32[] siblings;
        /// @dev For each input that comes from a node, in order.
        Output[] outputs;
        /// @dev Of each input; all zero where it comes from nowhere.
        Head[4] inputs;
        /// @dev Of the output.
        Head output;
        /// @dev Steps from the first state to the last.
        uint64 steps;
        /// @dev `pc`, status and registers in the last state: 34 words, little-endian.
        bytes processor;
        /// @dev Of the output region in the last state's memory, from its own upwards.
        bytes32[4] siblingsOfOutput;
    }

    /// @notice Thrown when a run has no steps or over 2³².
    error BadSteps(uint256 found);
    /// @notice Thrown when the node is not in the agreed graph, or has there what no node has.
    error NotInGraph();
    /// @notice Thrown when the output does not lead to the disputed graph.
    error WrongOutput();
    /// @notice Thrown when an input is not the string that the node reads.
    error WrongInput(uint256 input);
    /// @notice Thrown when a string is longer than a region holds.
    error TooLong(uint256 length);

    bytes32 private constant GRAPH = "hyperdust graph";
    uint256 private constant MAX_STEPS = 1 << 32;
    /// @dev Longest string.
    uint256 private constant HEADER = 1 << 21;
    /// @dev Levels of half a string's region.
    uint256 private constant HALF = 16;
    /// @dev Number of the output region among its like.
    uint256 private constant OUTPUT_REGION = 8;

    /// @notice The first and the last state of node `index`.
    /// @param agreed Root of the graph of `nodes` nodes of which the outputs before `index` are known.
    /// @param disputed Root of the same with output `index`.
    function check(Run calldata run, bytes32 agreed, bytes32 disputed, uint256 nodes, uint256 index)
        internal
        pure
        returns (bytes32 first, bytes32 last)
    {
        if (run.steps == 0 || run.steps > MAX_STEPS) revert BadSteps(run.steps);
        if (run.siblings.length != levels(nodes) || graph(run, 0, nodes, index) != agreed) revert NotInGraph();
        bytes32 output = root(run.output);
        if (graph(run, output, nodes, index) != disputed) revert WrongOutput();
        last = ended(run);
        first = Rv32Step.started(initial(run, agreed, nodes, index));
    }

    /// @notice Levels above the nodes of a graph of `nodes` nodes.
    function levels(uint256 nodes) internal pure returns (uint256) {
        // As many as above the leaves of a string of so many leaves.
        return Merkle.depth(nodes * 32);
    }

    /// @dev Root of the graph in which the node has this output.
    function graph(Run calldata run, bytes32 output, uint256 nodes, uint256 index) private pure returns (bytes32) {
        bytes32 left = Merkle.node(Merkle.node(run.program, run.sources), Merkle.node(run.given[0], run.given[1]));
        bytes32 right = Merkle.node(Merkle.node(run.given[2], run.given[3]), Merkle.node(output, 0));
        return Merkle.headed(GRAPH, nodes * 256, Merkle.climb(index, Merkle.node(left, right), run.siblings));
    }

    function ended(Run calldata run) private pure returns (bytes32) {
        bytes32 region = regionOf(run.output);
        uint256 start;
        bytes32[4] calldata siblings = run.siblingsOfOutput;
        assembly ("memory-safe") {
            start := siblings
        }
        return Rv32Step.ended(Merkle.climbAt(OUTPUT_REGION, region, start, 4), run.processor);
    }

    /// @dev Root of the memory that the program starts with.
    function initial(Run calldata run, bytes32 agreed, uint256 nodes, uint256 index) private pure returns (bytes32) {
        bytes32[4] memory regions;
        uint256 used = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 source = uint64(uint256(run.sources) >> (192 - 64 * i));
            bytes32 accepted = run.given[i];
            if (source != 1 && accepted != 0) revert NotInGraph();
            if (source > 1) {
                if (source - 2 >= index || used >= run.outputs.length) revert NotInGraph();
                accepted = known(run.outputs[used++], agreed, nodes, source - 2);
            }
            if (source == 0) {
                Head calldata none = run.inputs[i];
                if (none.kind != 0 || none.length != 0 || none.tree != 0) revert WrongInput(i);
                regions[i] = Merkle.zeros(HALF + 1);
            } else {
                if (root(run.inputs[i]) != accepted) revert WrongInput(i);
                regions[i] = regionOf(run.inputs[i]);
            }
        }
        if (used != run.outputs.length) revert NotInGraph();
        bytes32 inputs = Merkle.node(Merkle.node(regions[0], regions[1]), Merkle.node(regions[2], regions[3]));
        return Merkle.node(Merkle.node(run.program, inputs), Merkle.zeros(20));
    }

    /// @dev The output of node `from`, if the agreed graph has it.
    function known(Output calldata o, bytes32 agreed, uint256 nodes, uint256 from) private pure returns (bytes32) {
        if (o.siblings.length != levels(nodes) + 3) revert NotInGraph();
        bytes32 tree = Merkle.climb(from * 8 + 6, o.output, o.siblings);
        if (Merkle.headed(GRAPH, nodes * 256, tree) != agreed) revert NotInGraph();
        return o.output;
    }

    function root(Head calldata head) private pure returns (bytes32) {
        return Merkle.headed(head.kind, head.length, head.tree);
    }

    /// @dev Root of a region that holds the string.
    function regionOf(Head calldata head) private pure returns (bytes32) {
        uint256 length = head.length;
        if (length > HEADER) revert TooLong(length);
        bytes32 string_ = Merkle.lift(head.tree, Merkle.depth(length), HALF);
        return Merkle.node(string_, Merkle.lift(Merkle.node(head.kind, bytes32(length)), 1, HALF));
    }
}
