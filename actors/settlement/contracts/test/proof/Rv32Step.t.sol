// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Rv32Step} from "../../src/proof/Rv32Step.sol";
import {Checked} from "../market/Cheats.sol";
import {Files} from "./Files.sol";
import {Step} from "./Step.sol";

/// @notice The contract makes of every step proof what the Rust machine makes of it: the same root after the step, or the same refusal.
///
/// Two sources, both written by Rust: `actors/proof/vectors/steps.json`, chosen by hand so that every instruction, trap and error is in it;
/// and files of fuzzed or traced steps (`examples/steps.rs` of the same crate), a short one of each kept here and as many as wanted by
/// `HYPERDUST_STEPS`.
contract Rv32StepTest is Checked {
    Files private constant files = Files(address(uint160(uint256(keccak256("hevm cheat code")))));
    Step private immutable step = new Step();

    /// @dev In the order in which Rust looks for them: the numbers that the files have for refusals, from 1.
    function selectors() private pure returns (bytes4[5] memory) {
        return [
            Rv32Step.Malformed.selector,
            Rv32Step.PreState.selector,
            Rv32Step.Missing.selector,
            Rv32Step.Superfluous.selector,
            Rv32Step.NotInMemory.selector
        ];
    }

    /// @dev Which refusal, from 1, a proof meets; 0 and the root where it is none.
    function outcome(bytes32 pre, bytes memory proof) private view returns (uint256, bytes32) {
        try step.execute(pre, proof) returns (bytes32 post) {
            return (0, post);
        } catch (bytes memory reason) {
            bytes4[5] memory all = selectors();
            for (uint256 i = 0; i < all.length; ++i) {
                if (bytes4(reason) == all[i]) return (i + 1, 0);
            }
            revert NotTrue("an error that is known");
        }
    }

    /// @notice Those that hold, and those that don't, each for the reason that the file names.
    function test_every_step_of_the_vectors() public {
        string memory path = string.concat(files.projectRoot(), "/../../proof/vectors/steps.json");
        string[6] memory names = ["PostState", "Malformed", "PreState", "Missing", "Superfluous", "NotInMemory"];
        (uint256 held, uint256 refusals) = (0, 0);
        // An object of two lists, with a line for each of their elements.
        for (string memory line = files.readLine(path); bytes(line).length != 0; line = files.readLine(path)) {
            if (bytes(line).length < 100) continue;
            string memory json = bare(line);
            bytes32 post = vm.parseJsonBytes32(json, ".post");
            (uint256 refused, bytes32 found) =
                outcome(vm.parseJsonBytes32(json, ".pre"), vm.parseJsonBytes(json, ".proof"));
            string memory name = vm.parseJsonString(json, ".name");
            if (files.keyExistsJson(json, ".error")) {
                bytes memory accepted = bytes(vm.parseJsonString(json, ".error"));
                same(keccak256(bytes(names[refused])), keccak256(accepted), name);
                yes(refused != 0 || found != post, name);
                ++refusals;
            } else {
                same(refused, 0, name);
                same(found, post, name);
                ++held;
            }
        }
        yes(held > 400 && refusals > 30, "as many as there are");
    }

    /// @dev Without the comma at its end.
    function bare(string memory line) private pure returns (string memory) {
        uint256 length = bytes(line).length - (bytes(line)[bytes(line).length - 1] == "," ? 1 : 0);
        assembly ("memory-safe") {
            mstore(line, length)
        }
        return line;
    }

    function test_fuzzed_steps() public view {
        yes(follow(string.concat(files.projectRoot(), "/test/proof/vectors/fuzz-0.bin")) >= 300, "steps");
    }

    function test_steps_of_ant() public view {
        yes(follow(string.concat(files.projectRoot(), "/test/proof/vectors/ant-0.bin")) >= 100, "steps");
    }

    /// @notice As many as were written, `HYPERDUST_LEAST` at least: `HYPERDUST_STEPS` names files without their `-0.bin`, `-1.bin`, ….
    function test_steps_that_were_asked_for() public view {
        string memory stem = files.envOr("HYPERDUST_STEPS", "");
        if (bytes(stem).length == 0) return;
        (uint256 number, uint256 steps) = (0, 0);
        for (;; ++number) {
            string memory path = string.concat(stem, "-", files.toString(number), ".bin");
            if (!files.exists(path)) break;
            // In a call of its own, whose memory is forgotten.
            steps += this.follow(path);
        }
        yes(number > 0 && steps >= files.envOr("HYPERDUST_LEAST", uint256(1)), "as many as were asked for");
    }

    /// @notice Compares every step of a file. A step: root before (32 bytes), root after (32), refusal (1), bytes of the proof (2,
    /// big-endian), the proof.
    function follow(string memory path) public view returns (uint256 steps) {
        bytes memory data = files.readFileBinary(path);
        uint256 place = 0;
        while (place < data.length) {
            (bytes32 pre, bytes32 post) = (word(data, place), word(data, place + 32));
            uint256 header = uint256(word(data, place + 64));
            (uint256 accepted, uint256 length) = (header >> 248, (header >> 232) & 0xffff);
            (uint256 refused, bytes32 found) = outcome(pre, slice(data, place + 67, length));
            same(refused, accepted, string.concat("refusal of step ", files.toString(steps)));
            same(found, post, string.concat("step ", files.toString(steps)));
            place += 67 + length;
            ++steps;
        }
        same(place, data.length, "the file's end");
    }

    function word(bytes memory data, uint256 place) private pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := mload(add(add(data, 32), place))
        }
    }

    function slice(bytes memory data, uint256 place, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i = 0; i < length; i += 32) {
            bytes32 value = word(data, place + i);
            assembly ("memory-safe") {
                mstore(add(add(part, 32), i), value)
            }
        }
    }
}
